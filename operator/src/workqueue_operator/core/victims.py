"""Who leaves at a step down: idle workers, and busy ones only where nobody else is left.

Kubernetes makes the choice: pods without a node first, then those that have not started, then
those that are not Ready, and among equals the one with the lowest deletion cost
(`ActivePodsWithRanks` in pkg/controller/controller_utils.go). The cost is the only word we have.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

COST = "controller.kubernetes.io/pod-deletion-cost"
"""The annotation of a pod that says it."""

IDLE_COST = -100
SILENT_COST = -50
"""Of workers that may hold a task: they go before those that surely do. Nobody else has a cost."""
NO_COST = 0

_OURS = frozenset({IDLE_COST, SILENT_COST})


class Standing(IntEnum):
    """What Kubernetes looks at before it looks at the cost; the lowest goes first."""

    WAITING = 0  # for a node, or for its containers to start
    UNREADY = 1
    READY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker pod that was not told to leave."""

    name: str
    uid: str
    tasks: int | None  # None: nobody knows
    cost: int
    standing: Standing
    created: str  # RFC 3339

    @property
    def is_busy(self) -> bool:
        """It surely holds a task."""
        return bool(self.tasks)

    @property
    def is_marked(self) -> bool:
        """It has a cost that we gave."""
        return self.cost in _OURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The cost that one pod shall have; NO_COST: none."""

    name: str
    uid: str
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who is to leave, as far as it is the cost that decides."""

    leaving: frozenset[str]  # names of pods that have a mark, once `marks` are made
    marks: Sequence[Mark]  # only of pods whose cost changes
    exposed: Sequence[str]  # busy workers that would be taken before any idle one that is Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How it looks after the marks have been seen."""

    caught: Sequence[Mark]  # got a task meanwhile, and lose their mark
    may_leave: int  # so many pods would go before any busy one
    exposed: Sequence[str]


def choose(workers: Sequence[Worker], *, leaving: int) -> Choice:
    """Choose who goes, if so many of these pods are to go.

    As few marks as possible: none where all go, or where nobody is known to be busy or idle.
    """
    by_cost = [each for each in workers if each.standing is Standing.READY]
    count = max(0, leaving - (len(workers) - len(by_cost)))
    chosen: list[Worker] = []
    if count < len(by_cost) and any(each.tasks is not None for each in by_cost):
        chosen = _in_order(each for each in by_cost if not each.is_busy)[:count]
    names = frozenset(each.name for each in chosen)
    costs = [
        (each, _cost(each) if each.name in names else NO_COST)
        for each in by_cost
        if each.name in names or each.is_marked
    ]
    marks = [_mark(each, cost) for each, cost in costs if each.cost != cost]
    return Choice(leaving=names, marks=marks, exposed=_exposed(workers, leaving))


def review(workers: Sequence[Worker], marked: Collection[str], *, leaving: int) -> Review:
    """Look once more at those that were chosen."""
    caught = [each for each in workers if each.is_busy and each.is_marked]
    free = (each for each in workers if not each.is_busy)
    sure = [
        each
        for each in free
        if each.standing is not Standing.READY or (each.is_marked and each.name in marked)
    ]
    return Review(
        caught=[_mark(each, NO_COST) for each in caught],
        may_leave=len(sure),
        exposed=_exposed(workers, leaving),
    )


def _exposed(workers: Sequence[Worker], leaving: int) -> Sequence[str]:
    """No cost protects a busy worker that is not Ready."""
    before = sum(1 for each in workers if each.standing is Standing.WAITING)
    if leaving <= before:
        return []
    return [each.name for each in workers if each.is_busy and each.standing is Standing.UNREADY]


def _cost(worker: Worker) -> int:
    return IDLE_COST if worker.tasks == 0 else SILENT_COST


def _mark(worker: Worker, cost: int) -> Mark:
    return Mark(name=worker.name, uid=worker.uid, cost=cost)


def _in_order(workers: Iterable[Worker]) -> list[Worker]:
    """Idle ones first; of these who is marked already, and then the newest, as Kubernetes does."""
    newest = sorted(workers, key=lambda each: (each.created, each.name), reverse=True)
    return sorted(newest, key=lambda each: (_cost(each), not each.is_marked))
