"""This operator in the simulation: the very same learn and decide, on what it would see."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.decision import (
    CENSUS_RECENT_SECONDS,
    Census,
    Decision,
    Reason,
    Rules,
    Seen,
)
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import learn_flow
from workqueue_operator.core.learning import Learner
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Known
from workqueue_operator.core.schedule import ActiveFloor, active_floor
from workqueue_operator.simulation.sampling import EVERY_SECONDS, FIRST_SECONDS, Sampling
from workqueue_operator.simulation.world import World

ASK_SECONDS = {"now": 0.5, "soon": 5.0}
GRACE_SECONDS = 630.0
"""As in the controller, which a test compares: between two censuses, and until nobody can drain."""
MANAGEMENT_SECONDS = 5.0
"""The management address counts the tasks in work so often."""
REST_SECONDS = 30.0
SHRINKING_MODES = frozenset({"Auto", "HoldUp"})
UNMOVED = frozenset({Reason.IDLE, Reason.STEADY, Reason.AT_MAXIMUM, Reason.BELOW_ACTIVATION})
"""What time alone does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How the operator sees. delay_seconds: from a count until the decision on it; management:
    the broker's own count of tasks in work is there. begins: the time on the wall at the start."""

    reading_seconds: float
    delay_seconds: float
    management: bool
    begins: datetime


@dataclass(slots=True)
class Operator:
    """One WorkQueue of it."""

    rules: Rules
    sight: Sight
    history: History = field(default_factory=History)
    learner: Learner | None = None
    census: Census | None = None
    census_at: float = float("-inf")
    last_shrink: float = float("-inf")
    _sampling: Sampling | None = None  # from the first ready worker on
    _unacked: int | None = None  # as the management address last counted
    _rest: tuple[Any, float] | None = None  # what was seen, and until when it means the same

    @property
    def least(self) -> int:
        """Replicas at rest; where a mode keeps all, the run ends with the last task."""
        scaling = self.rules.scaling
        return scaling.min_workers if scaling.mode in SHRINKING_MODES else scaling.max_workers

    def begin(self, world: World) -> None:
        """Read from the start on."""
        if self.rules.scaling.target.metric == "DrainSeconds":
            self.learner = Learner()
        if self.sight.management:
            world.at(0.0, self._be_told, world)
        world.at(0.0, self._read, world)

    def pod_ready(self, world: World, seconds: float) -> None:
        """How long starts and tasks take is learned where it matters."""
        if self.learner is None:
            return
        self.learner.learn_start(seconds=seconds, now=world.now)
        if self._sampling is None:
            self._sampling = Sampling()
            world.at(world.now + FIRST_SECONDS, self._sample, world)

    def _sample(self, world: World) -> None:
        if self.learner is not None and self._sampling is not None:
            self._sampling.take(world.staying, self.learner, world.now)
        world.at(world.now + EVERY_SECONDS, self._sample, world)

    def _be_told(self, world: World) -> None:
        self._unacked = world.unacked
        world.at(world.now + MANAGEMENT_SECONDS, self._be_told, world)

    def _read(self, world: World) -> None:
        """Count, have it decided on, and read again: not before anything can have changed."""
        known, every = self._count(world), self.sight.reading_seconds
        if self.sight.delay_seconds:
            look = (world, known)
            world.at(world.now + self.sight.delay_seconds, lambda _: self._look(*look))
        else:
            self._look(world, known)
        next_at = world.now + every
        if self._rest is not None:
            until = min(self._rest[1], world.next_event())
            next_at += max(0.0, (until - next_at) // every * every)
        world.at(next_at, self._read, world)

    def _count(self, world: World) -> Known:
        return Known(
            ready=world.waiting,
            consumers=world.ready,
            unacked=self._unacked,
            at=world.now,
        )

    def _look(self, world: World, known: Known) -> None:
        same = (known.ready, known.consumers, known.unacked, world.replicas, len(world.staying))
        if self._rest is not None and self._rest[0] == same and world.now < self._rest[1]:
            return
        decision = self._decide(world, known)
        if decision.ask and world.now - self.census_at >= ASK_SECONDS[decision.ask]:
            self._ask(world)
            decision = self._decide(world, known)
        self._rest = None
        if decision.workers != world.replicas:
            self._act(world, decision)
        elif self._is_unmoved(world, decision):
            self._rest = (same, world.now + REST_SECONDS)

    def _is_unmoved(self, world: World, decision: Decision) -> bool:
        recent = world.now - self.census_at <= CENSUS_RECENT_SECONDS
        clocked = self.learner is not None or self.rules.scaling.floors
        still = decision.reason in UNMOVED and decision.ask is None
        return still and not (recent or clocked)

    def _decide(self, world: World, known: Known) -> Decision:
        seen = self._seen(world, known)
        learn(self.rules, seen, self.history, now=world.now)
        if self.learner is not None:
            learn_flow(self.learner, seen, self.rules.prefetch, now=world.now)
        return decide(self.rules, seen, self.history, now=world.now)

    def _seen(self, world: World, known: Known) -> Seen:
        scaling, age = self.rules.scaling, world.now - self.census_at
        census = self.census if age <= CENSUS_RECENT_SECONDS else None
        guess = scaling.target.expected_task_seconds
        return Seen(
            reading=known,
            wanted=world.replicas,
            current=len(world.staying),
            ready=world.ready,
            rolling=False,
            may_drain=world.now - self.last_shrink < GRACE_SECONDS,
            census=replace(census, age_seconds=age) if census else None,
            learned=self.learner.learned(first_guess_seconds=guess) if self.learner else None,
            floor=self._floor(world.now) if scaling.floors else None,
        )

    def _floor(self, now: float) -> ActiveFloor | None:
        at = self.sight.begins + timedelta(seconds=now)
        return active_floor(self.rules.scaling.floors, at)

    def _ask(self, world: World) -> None:
        """Every worker answers /busy."""
        staying = [
            Voice(
                terminating=False, running=pod.ready, tasks=_held(pod.task) if pod.ready else None
            )
            for pod in world.staying
        ]
        leaving = [Voice(terminating=True, running=True, tasks=1)] * len(world.draining)
        self.census, self.census_at = count(staying + leaving, age_seconds=0.0), world.now
        if self.census.has_settled(world.replicas):
            self.last_shrink = float("-inf")

    def _act(self, world: World, decision: Decision) -> None:
        before = world.replicas
        world.scale(decision.workers)
        self.history.stepped(before, decision.workers, world.now)
        if decision.workers < before:
            self.last_shrink = world.now


def _held(task: int | None) -> int:
    return 0 if task is None else 1
