"""What worker pods say of their work and of their start, compared with what they said before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workqueue_operator.controller.clock import parse_rfc3339
from workqueue_operator.ports import BusyAnswer, Pod

ASKED_AT_MOST = 5
"""Workers of one WorkQueue, each time."""

YOUNG_SECONDS = 120.0
"""At the first look ever, only pods so young are asked how long they took to start: one that is
older may have been unready and ready again since."""

LEAST_START_SECONDS = 0.5
"""The API server tells whole seconds."""

Choose = Callable[[Sequence[Pod], int], Sequence[Pod]]
Worked = tuple[int, float]
"""Tasks, and the seconds they took."""


@dataclass(slots=True)
class Counters:
    """Of one WorkQueue. Times are monotonic seconds."""

    due: float  # when its workers are to be asked again
    finished_at: float  # until when the broker's count of finished tasks is learned
    _looked: bool = False
    _started: set[str] = field(default_factory=set)  # pods that have been seen ready
    _fresh: frozenset[str] = frozenset()  # those that became ready since the look before
    _worked: dict[str, Worked] = field(default_factory=dict)  # by process, as last told

    def starts(self, pods: Sequence[Pod], *, now: datetime) -> Sequence[float]:
        """The seconds that those took to start which have become ready since the last look."""
        ready = {pod.name: pod for pod in pods if pod.ready}
        fresh = [pod for name, pod in ready.items() if name not in self._started]
        self._started = self._started & {pod.name for pod in pods} | ready.keys()
        oldest = now - timedelta(seconds=YOUNG_SECONDS)
        looked, self._looked = self._looked, True
        self._fresh = frozenset(pod.name for pod in fresh if looked)
        return [
            max(LEAST_START_SECONDS, (ready_at - created).total_seconds())
            for created, ready_at in filter(None, map(_times, fresh))
            if looked or created > oldest
        ]

    def to_ask(self, pods: Sequence[Pod], choose: Choose) -> Sequence[Pod]:
        """Those that were asked before, but one for another: so all have their turn."""
        able = {
            process_of(pod): pod for pod in pods if pod.ready and pod.ip and not pod.terminating
        }
        known = [able[process] for process in self._worked if process in able]  # longest first
        others = [pod for process, pod in able.items() if process not in self._worked]
        kept = known[1 - ASKED_AT_MOST :] if others else known
        return [*kept, *choose(others, min(len(others), ASKED_AT_MOST - len(kept)))]

    def finished(
        self, pods: Sequence[Pod], answers: Mapping[str, BusyAnswer | None], *, whole: bool
    ) -> Iterator[Worked]:
        """What each of these pods has finished since it was last asked.

        Of one that was never asked, all that it has finished counts if it has just become ready,
        or if `whole`; else nothing does.
        """
        before, self._worked = self._worked, {}
        for pod in pods:
            answer, process = answers.get(pod.name), process_of(pod)
            if answer is None or answer.worked is None:
                continue
            self._worked[process] = answer.worked
            since = _since(before.get(process), answer.worked)
            if since is not None:
                yield since
            elif whole or pod.name in self._fresh:
                yield answer.worked


def _since(before: Worked | None, now: Worked) -> Worked | None:
    """A counter that fell is that of a new process: all of it is new."""
    if before is None:
        return None
    tasks, seconds = now[0] - before[0], now[1] - before[1]
    return now if tasks < 0 or seconds < 0 else (tasks, seconds)


def process_of(pod: Pod) -> str:
    """Its counters begin anew in another one."""
    return f"{pod.name}/{sum(_restarts(pod))}"


def _restarts(pod: Pod) -> Iterator[int]:
    for container in pod.raw.get("status", {}).get("containerStatuses") or ():
        yield container.get("restartCount", 0)


def _times(pod: Pod) -> tuple[datetime, datetime] | None:
    """When it was created and when it became ready; None if that was not its first start."""
    if sum(_restarts(pod)):
        return None
    conditions = pod.raw.get("status", {}).get("conditions") or ()
    ready_at = [each.get("lastTransitionTime") for each in conditions if each["type"] == "Ready"]
    created = pod.raw["metadata"].get("creationTimestamp")
    if created is None or not ready_at or ready_at[0] is None:
        return None
    return parse_rfc3339(created), parse_rfc3339(ready_at[0])
