"""Who was told to leave, when, and who else was there: from a watch of the worker pods."""

import time
from dataclasses import dataclass, field
from typing import Self

from kit.kube import Kube
from kit.ledger import Ledger
from kit.listening import end, listen
from workqueue_operator.cluster.paths import CORE, collection
from workqueue_operator.cluster.stream import ListWatch
from workqueue_operator.cluster.workers import NAME_LABEL, pod_of
from workqueue_operator.ports import Json


@dataclass(frozen=True, slots=True)
class Departure:
    """One pod that was told to leave. at: seconds since the epoch, when this process heard it."""

    pod: str
    at: float
    others: frozenset[str]  # pods that were Ready then, and not told to leave


@dataclass(slots=True)
class Departures:
    """Watches the workers of one WorkQueue."""

    kube: Kube
    name: str
    seen: list[Departure] = field(default_factory=list)
    _ready: dict[str, bool] = field(default_factory=dict)  # of pods that stay
    _gone: set[str] = field(default_factory=set)
    _watch: ListWatch | None = None

    def __enter__(self) -> Self:
        """Start watching; what happens from now on is seen."""
        path = collection(CORE, self.kube.namespace, "pods")
        query = {"labelSelector": f"{NAME_LABEL}={self.name}"}
        self._watch = listen(self.kube, path, query, self._learn, deleted=self._learn)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        end(self._watch)

    def _learn(self, body: Json) -> None:
        pod = pod_of(body)
        if pod.terminating and pod.name not in self._gone:
            self._gone.add(pod.name)
            self._ready.pop(pod.name, None)
            others = frozenset(name for name, ready in self._ready.items() if ready)
            self.seen.append(Departure(pod.name, time.time(), others))
        elif pod.name not in self._gone:
            self._ready[pod.name] = pod.ready


@dataclass(frozen=True, slots=True)
class Shifts:
    """When each pod held a task, as the ledger tells (whose clock is this machine's)."""

    spans: tuple[tuple[str, float, float], ...]  # pod, from, to

    @classmethod
    def of(cls, ledger: Ledger) -> Self:
        """From all that is in the ledger; a task that was not completed is held for ever."""
        ends = ledger.times("completed")
        spans = (
            (str(each["pod"]), float(each["at"]), ends.get(int(each["n"]), float("inf")))
            for each in ledger.entries
            if each["what"] == "started"
        )
        return cls(tuple(spans))

    def busy(self, at: float) -> frozenset[str]:
        """The pods that held a task then."""
        return frozenset(pod for pod, start, end in self.spans if start <= at < end)

    def is_wrong(self, left: Departure) -> bool:
        """It was told to leave while it held a task, and an idle one was there."""
        busy = self.busy(left.at)
        return left.pod in busy and bool(left.others - busy)
