"""The history of spec.replicas, from a watch: nothing in between is missed."""

import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

from kit.kube import Kube, wait_for
from kit.listening import end, listen
from workqueue_operator.cluster.deployments import state_of
from workqueue_operator.cluster.paths import APPS, collection
from workqueue_operator.cluster.stream import ListWatch
from workqueue_operator.core.manifests import RENDERING
from workqueue_operator.ports import DeploymentState, Json


@dataclass(frozen=True, slots=True)
class Step:
    """One change. at: seconds since the epoch."""

    at: float
    replicas: int
    ready: int


@dataclass(slots=True)
class Replicas:
    """Watches one Deployment from `start` to `stop`."""

    kube: Kube
    name: str
    steps: list[Step] = field(default_factory=list)
    _watch: ListWatch | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        """Start watching; what happens from now on is seen."""
        path = collection(APPS, self.kube.namespace, "deployments")
        query = {"fieldSelector": f"metadata.name={self.name}"}
        self._watch = listen(self.kube, path, query, self._learn)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        end(self._watch)

    def values(self) -> list[int]:
        """spec.replicas over time, repetitions left out."""
        return [step.replicas for step in self._moves()]

    def gaps(self) -> list[float]:
        """Seconds between each change of spec.replicas and the next one."""
        return [later.at - earlier.at for earlier, later in pairwise(self._moves()[1:])]

    def _moves(self) -> list[Step]:
        steps = tuple(self.steps)
        return [s for i, s in enumerate(steps) if i == 0 or steps[i - 1].replicas != s.replicas]

    def first(self, replicas: int, *, since: float) -> float | None:
        """Seconds from `since` until spec.replicas reached this number, if it did."""
        found = (
            step.at - since for step in self.steps if step.at >= since and step.replicas == replicas
        )
        return next(found, None)

    def last(self, replicas: int, *, since: float) -> float | None:
        """Seconds from `since` until it became this number for good, if it did."""
        away = max(
            (i for i, step in enumerate(self.steps) if step.replicas != replicas), default=-1
        )
        rest = self.steps[away + 1 :]
        return rest[0].at - since if rest else None

    def ready(self, count: int, *, since: float) -> float | None:
        """Seconds from `since` until so many were ready, if they were."""
        found = (step.at - since for step in self.steps if step.at >= since and step.ready >= count)
        return next(found, None)

    def _learn(self, body: Json) -> None:
        state = state_of(body)
        with self._changed:
            self.steps.append(Step(time.time(), state.replicas, state.ready))


@dataclass(slots=True)
class Rollouts:
    """Watches all Deployments of a namespace: who was rendered anew, and who rolls at a time."""

    kube: Kube
    old: str  # the rendering of before; any other one is new
    history: list[dict[str, DeploymentState]] = field(default_factory=list)
    _watch: ListWatch | None = None

    def __enter__(self) -> Self:
        """Start watching."""
        path = collection(APPS, self.kube.namespace, "deployments")
        self._watch = listen(self.kube, path, {}, self._learn)
        wait_for("the first list", lambda: self.history, seconds=10, every=0.02)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        end(self._watch)

    def at_once(self) -> int:
        """The most Deployments that were replacing their pods by new ones at one time."""
        begun: set[str] = set()
        ended: set[str] = set()
        most = 0
        for moment in self.history:
            new = [state for state in moment.values() if self._is_new(state)]
            begun |= {state.name for state in new if not _is_whole(state)}
            ended |= {state.name for state in new if state.name in begun and _is_whole(state)}
            most = max(most, len(begun - ended))
        return most

    def order(self) -> list[str]:
        """Names in the order in which they were rendered anew."""
        new = (
            state.name
            for moment in self.history
            for state in moment.values()
            if self._is_new(state)
        )
        return list(dict.fromkeys(new))

    def replicas_before(self, name: str) -> list[int]:
        """spec.replicas that this one had before it was rendered anew, each once."""
        found = (moment[name] for moment in self.history if name in moment)
        return list(dict.fromkeys(state.replicas for state in found if not self._is_new(state)))

    def _is_new(self, state: DeploymentState) -> bool:
        return state.annotations.get(RENDERING) != self.old

    def _learn(self, body: Json) -> None:
        state = state_of(body)
        last = self.history[-1] if self.history else {}
        self.history.append({**last, state.name: state})


def _is_whole(state: DeploymentState) -> bool:
    """Nobody is left of an older template."""
    seen = state.observed_generation >= state.generation
    return state.current == 0 or (seen and state.updated >= state.current)
