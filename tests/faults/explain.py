"""Why a task was started more than once. Pure.

A start needs a delivery, and each delivery has a cause: the first is the publishing; a failure
publishes the task again; a killed process or a cut connection gives back what it held; a producer
that lost its connection sends again what was not confirmed; a killed broker forgets what a classic
queue had not written down yet, acknowledgements of long ago among it. Every cause serves once. A
start without one is ours to answer for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from faults.notes import Chunk, Incident, Work

ACK_SECONDS = 1.0
"""From the handler's last word to the broker's having the acknowledgement, on a busy machine."""

NOTE_SECONDS = 0.5
"""From a handler's first word to the journal's having it: said, and killed, and then written."""

FAILED, INTERRUPTED, SENT_AGAIN = "failed", "interrupted", "sent again"
FORGOTTEN, UNEXPLAINED = "acknowledgement forgotten", "UNEXPLAINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """One start beyond the first of a task (or of an attempt), and its cause."""

    n: int
    attempt: int
    pod: str
    at: float
    cause: str
    incident: str = ""

    def told(self) -> str:
        """For the report."""
        why = f"{self.cause} by {self.incident}" if self.incident else self.cause
        return f"task {self.n}, attempt {self.attempt}, started again in {self.pod}: {why}"


@dataclass(slots=True)
class _Task:
    """The causes of one task that have not served yet."""

    incidents: Sequence[Incident]
    may_be_twice: bool
    before: list[Work] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)  # attempts that ended in failure
    given_back: list[tuple[Work, str, Incident]] = field(default_factory=list)

    def cause(self, work: Work) -> tuple[str, str]:
        """Take one cause for this start."""
        attempt = work.start.attempt
        if attempt - 1 in self.failed:
            self.failed.remove(attempt - 1)
            return FAILED, ""
        for back in self.given_back:
            old, cause, incident = back
            if old.start.attempt == attempt and work.start.at >= incident.begin:
                self.given_back.remove(back)
                return cause, incident.fault
        if self.may_be_twice and attempt == 1:
            self.may_be_twice = False
            return SENT_AGAIN, ""
        return UNEXPLAINED, ""

    def learn(self, work: Work) -> None:
        """What may follow from this start."""
        if work.end is not None and work.end.what == "failed":
            self.failed.append(work.start.attempt)
        if hit := interrupting(work, self.incidents):
            self.given_back.append((work, INTERRUPTED, hit))
        elif lost := forgetting(work, self.incidents):
            self.given_back.append((work, FORGOTTEN, lost))


def forgetting(work: Work, incidents: Sequence[Incident]) -> Incident | None:
    """The incident that may have made the broker forget that this task was acknowledged."""
    later = (each for each in incidents if each.forgets and work.start.at < each.begin)
    return next(later, None)


def interrupting(work: Work, incidents: Sequence[Incident]) -> Incident | None:
    """The incident that may have given this task back, if there is one."""
    ended = work.end.at + ACK_SECONDS if work.end else float("inf")
    for each in incidents:
        begun = work.start.at <= each.end + NOTE_SECONDS
        if each.hits(work.start.pod) and begun and ended >= each.begin:
            return each
    return None


def in_flight(works: Sequence[Work], incidents: Sequence[Incident]) -> tuple[int, int]:
    """How many were at work as one of these struck, and how many had ended just before.

    What has just ended may come again, too: its acknowledgement was under way.
    """
    ends = [
        (work.end.at if work.end else float("inf"), each.begin)
        for each in incidents
        for work in works
        if each.hits(work.start.pod) and work.start.at <= each.begin + NOTE_SECONDS
    ]
    flying = sum(end >= begin for end, begin in ends)
    just_done = sum(begin - ACK_SECONDS <= end < begin for end, begin in ends)
    return flying, just_done


def repeats(
    works: Sequence[Work], incidents: Sequence[Incident], chunks: Sequence[Chunk]
) -> list[Repeat]:
    """Every start beyond the first of each task, with its cause, in the journal's order."""
    twice = frozenset[int]().union(*(chunk.published for chunk in chunks if chunk.resent))
    tasks: dict[int, _Task] = {}
    found = []
    for work in works:
        start = work.start
        task = tasks.get(start.n)
        if task is None:
            task = tasks[start.n] = _Task(incidents, may_be_twice=start.n in twice)
        else:
            cause, incident = task.cause(work)
            found.append(_repeat(work, cause, incident))
        task.learn(work)
    return _at_most_resent(found, chunks)


def _repeat(work: Work, cause: str, incident: str) -> Repeat:
    start = work.start
    return Repeat(
        n=start.n,
        attempt=start.attempt,
        pod=start.pod,
        at=start.at,
        cause=cause,
        incident=incident,
    )


def _at_most_resent(found: list[Repeat], chunks: Sequence[Chunk]) -> list[Repeat]:
    """A producer that sent 3 tasks again does not explain a fourth."""
    kept, left = [], [chunk.resent for chunk in chunks]
    for each in found:
        if each.cause != SENT_AGAIN:
            kept.append(each)
            continue
        place = next(i for i, chunk in enumerate(chunks) if each.n in chunk.published)
        left[place] -= 1
        cause = SENT_AGAIN if left[place] >= 0 else UNEXPLAINED
        kept.append(Repeat(n=each.n, attempt=each.attempt, pod=each.pod, at=each.at, cause=cause))
    return kept
