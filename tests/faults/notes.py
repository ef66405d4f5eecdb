"""What was seen of one run: the notes of handlers, the faults, and who published what. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ENDS = frozenset({"completed", "failed", "dead"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One entry of the journal. at: seconds since the epoch, by the journal's own clock."""

    what: str  # started, or one of ENDS
    n: int
    attempt: int
    queue: str
    pod: str
    process: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One blow. What was in work from `begin` to `end` (seconds since the epoch) may run again.

    pods: whose; None: of everybody. interrupts: whether it may interrupt tasks at all; a drain, a
    rollout or the operator's death may not. forgets: whether a classic queue may lose what was
    acknowledged before: it keeps acknowledgements in memory for a while, a quorum queue does not.
    """

    fault: str
    begin: float
    end: float
    pods: frozenset[str] | None = None
    interrupts: bool = False
    forgets: bool = False
    told: str = ""

    def hits(self, pod: str) -> bool:
        """Whether it may interrupt the tasks of this pod."""
        return self.interrupts and (self.pods is None or pod in self.pods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one run of the producer published, by its own summary.

    resent: how many it sent again after a lost connection; these may be in the queue twice.
    ended_at: when all of `confirmed` were confirmed at the latest.
    """

    published: frozenset[int]
    confirmed: frozenset[int]
    resent: int
    ended_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One start of a task, and how it ended (None: nobody wrote that down)."""

    start: Note
    end: Note | None


def parse(lines: Iterable[str]) -> list[Note]:
    """The notes in the order of the journal; what was said twice counts once."""
    found: dict[str, Note] = {}
    for line in lines:
        entry = json.loads(line)
        found.setdefault(entry.pop("id"), Note(**entry))
    return list(found.values())


def works(notes: Sequence[Note]) -> list[Work]:
    """Every start with its end; a process works on one task at a time, so they pair up."""
    ends: dict[tuple[str, int, int], list[Note]] = {}
    for note in notes:
        if note.what in ENDS:
            ends.setdefault(_key(note), []).append(note)
    found = []
    for note in notes:
        if note.what == "started":
            of_it = ends.get(_key(note), [])
            found.append(Work(start=note, end=of_it.pop(0) if of_it else None))
    return found


def _key(note: Note) -> tuple[str, int, int]:
    return note.process, note.n, note.attempt
