"""A queue, the pods that work on it, and time: what every autoscaler meets alike.

Tasks are done in the order in which they arrive, by whoever is free, one at a time (prefetch 1).
A pod that is told to leave finishes its task first. Time jumps from event to event.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from workqueue_operator.simulation.traces import Trace

LONGEST_TAIL_SECONDS = 86_400.0
"""So long after the last arrival a run ends, though tasks may be left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is the same for every autoscaler. start_seconds: from a pod's creation until it
    consumes; deployment_seconds: from a written number until the pods follow it."""

    start_seconds: float
    deployment_seconds: float
    seed: int


@dataclass(slots=True, eq=False)
class Pod:
    """One worker. ended: when it was gone; NaN while it is there."""

    created: float
    ready: bool = False
    task: int | None = None
    leaving: bool = False
    ended: float = math.nan
    tasks: int = 0  # done
    worked_seconds: float = 0.0


class Pilot(Protocol):
    """An autoscaler: it looks at the world and calls `scale`."""

    @property
    def least(self) -> int:
        """Replicas at rest."""

    def begin(self, world: "World") -> None:
        """Ask to be called, by `world.at`."""

    def pod_ready(self, world: "World", seconds: float) -> None:
        """A pod has become ready, so long after its creation."""


@dataclass(slots=True)
class World:
    """One run of one trace. All times are simulated seconds."""

    trace: Trace
    by: Conditions
    now: float = 0.0
    replicas: int = 0  # as written
    steps: list[tuple[float, int]] = field(default_factory=list)
    arrived: int = 0  # tasks 0 to arrived-1 are there ...
    taken: int = 0  # ... and 0 to taken-1 have been begun
    done: int = 0
    starts: list[float] = field(default_factory=list)  # when each task was begun, in order
    staying: list[Pod] = field(default_factory=list)
    gone: list[Pod] = field(default_factory=list)
    draining: set[Pod] = field(default_factory=set)
    ready: int = 0  # of those that stay
    busy: int = 0  # of those that stay
    _idle: deque[Pod] = field(default_factory=deque)
    _events: list[tuple[float, int, Callable[[Any], None], Any]] = field(default_factory=list)
    _serial: int = 0
    _random: Random = field(init=False)
    _pilot: Pilot | None = None

    def __post_init__(self) -> None:
        self._random = Random(self.by.seed)  # noqa: S311 - a simulation, no secret

    @property
    def waiting(self) -> int:
        """Tasks that nobody has begun."""
        return self.arrived - self.taken

    @property
    def unacked(self) -> int:
        """Tasks in work, those of draining pods included: as the broker counts."""
        return self.taken - self.done

    def at(self, when: float, act: Callable[[Any], None], what: Any = None) -> None:
        """Have act(what) called; of two at one time the earlier asked for is first."""
        self._serial += 1
        heapq.heappush(self._events, (when, self._serial, act, what))

    def next_event(self) -> float:
        """When something will happen at the earliest, asked for or an arrival."""
        arrival = self.trace.arrivals[self.arrived] if self.arrived < self.total else math.inf
        return min(arrival, self._events[0][0]) if self._events else arrival

    @property
    def total(self) -> int:
        """Tasks of the whole trace."""
        return len(self.trace.arrivals)

    def run(self, pilot: Pilot, *, until: float = math.inf) -> None:
        """Until all tasks are done and no more pods are left than the pilot keeps at rest."""
        self._pilot = pilot
        pilot.begin(self)
        arrivals, total, events = self.trace.arrivals, self.total, self._events
        end = min(until, arrivals[-1] + LONGEST_TAIL_SECONDS)
        while self.now < end and (events or self.arrived < total):
            coming = arrivals[self.arrived] if self.arrived < total else math.inf
            if not events or coming <= events[0][0]:
                self.now = coming
                self.arrived += 1
                self._hand_out()
                continue
            self.now, _, act, what = heapq.heappop(events)
            act(what)
            if self.done == total and self._is_at_rest(pilot.least):
                return

    def _is_at_rest(self, least: int) -> bool:
        return self.replicas <= least and not self.draining and len(self.staying) <= least

    def scale(self, replicas: int) -> None:
        """Write the number; the pods follow after a moment."""
        if replicas == self.replicas:
            return
        self.replicas = replicas
        self.steps.append((self.now, replicas))
        self.at(self.now + self.by.deployment_seconds, self._follow)

    def _follow(self, _: Any) -> None:
        """Bring the pods to the number that stands now, as a ReplicaSet does."""
        more = self.replicas - len(self.staying)
        for _each in range(more):
            pod = Pod(created=self.now)
            self.staying.append(pod)
            self.at(self.now + self.by.start_seconds, self._is_ready, pod)
        if more < 0:
            self._dismiss(-more)

    def _dismiss(self, number: int) -> None:
        """Those that are not ready leave first; among the ready nobody asks who is busy."""
        self._random.shuffle(self.staying)
        self.staying.sort(key=lambda pod: pod.ready)
        leaving, self.staying = self.staying[:number], self.staying[number:]
        for pod in leaving:
            pod.leaving = True
            self.ready -= pod.ready
            if pod.task is None:
                self._ends(pod)
            else:
                self.busy -= 1
                self.draining.add(pod)
        self._idle = deque(pod for pod in self._idle if not pod.leaving)

    def _ends(self, pod: Pod) -> None:
        pod.ended = self.now
        self.gone.append(pod)

    def _is_ready(self, pod: Pod) -> None:
        if pod.leaving:
            return
        pod.ready = True
        self.ready += 1
        self._idle.append(pod)
        if self._pilot is not None:
            self._pilot.pod_ready(self, self.now - pod.created)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._idle and self.taken < self.arrived:
            pod = self._idle.popleft()
            pod.task = self.taken
            self.starts.append(self.now)
            self.taken += 1
            self.busy += 1
            self.at(self.now + self.trace.durations[pod.task], self._finish, pod)

    def _finish(self, pod: Pod) -> None:
        self.done += 1
        pod.tasks += 1
        pod.worked_seconds += self.trace.durations[pod.task or 0]
        pod.task = None
        if pod.leaving:
            self.draining.remove(pod)
            self._ends(pod)
            return
        self.busy -= 1
        self._idle.append(pod)
        self._hand_out()
