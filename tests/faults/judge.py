"""What became of the tasks of one queue. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from faults.explain import FAILED, UNEXPLAINED, Repeat, in_flight, repeats
from faults.notes import Chunk, Incident, Note, Work, works

TOLD_SECONDS = 2.0
"""How old a confirm must be for the operator to have read of it, on a busy machine."""
BOUND_SECONDS = 15.0
"""How long after a change of maxWorkers a step down may still follow from the lower one."""
NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """One step down of spec.replicas."""

    at: float
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What the number of workers was to follow. bounds: (since when, maxWorkers), oldest first."""

    per_worker: int
    bounds: Sequence[tuple[float, int]]
    shrinks: Sequence[Shrink]

    def bound(self, at: float) -> int:
        """The lowest maxWorkers that may still be at work at this time."""
        earlier = [most for since, most in self.bounds if since <= at - BOUND_SECONDS]
        recent = [most for since, most in self.bounds if at - BOUND_SECONDS < since <= at]
        return min([*earlier[-1:], *recent])


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that was seen of one queue."""

    queue: str
    chunks: Sequence[Chunk]
    notes: Sequence[Note]
    dead: Counter[int]  # in the dead-letter queue, as read at the end
    left: int  # messages that are still in the queue
    incidents: Sequence[Incident]
    scaling: Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The numbers of one queue, and the names behind those that should be zero."""

    published: int
    confirmed: int
    started: int
    completed: int
    dead: int
    left: int
    lost: Sequence[int]
    repeats: Sequence[Repeat]  # without those that follow from a failure of the task itself
    in_flight: int
    just_done: int
    completed_twice: Mapping[int, int]
    scale_downs: int
    wrong: Sequence[str]
    unasked: Sequence[int] = field(default=())  # done, and nobody published them
    given_up: Sequence[int] = field(default=())  # dead, and no handler said so

    @property
    def unexplained(self) -> Sequence[Repeat]:
        """Starts that nothing accounts for."""
        return [each for each in self.repeats if each.cause == UNEXPLAINED]

    def complaints(self) -> list[str]:
        """What must not be, with the names; empty when all is well."""
        said = []
        if self.lost:
            said.append(f"{len(self.lost)} confirmed tasks are lost: {_some(self.lost)}")
        if self.left:
            said.append(f"{self.left} messages are left in the queue")
        if self.unasked:
            said.append(f"tasks that nobody published were done: {_some(self.unasked)}")
        if self.given_up:
            said.append(f"dead letters that no handler asked for: {_some(self.given_up)}")
        said += [each.told() for each in self.unexplained[:NAMED]]
        if len(self.unexplained) > NAMED:
            said.append(f"... and {len(self.unexplained) - NAMED} more starts without a cause")
        return said + list(self.wrong[:NAMED])


def judge(seen: Seen) -> Verdict:
    """Reckon all of it."""
    done = works(seen.notes)
    completed = Counter(note.n for note in seen.notes if note.what == "completed")
    published = frozenset[int]().union(*(chunk.published for chunk in seen.chunks))
    confirmed = frozenset[int]().union(*(chunk.confirmed for chunk in seen.chunks))
    flying, just_done = in_flight(done, seen.incidents)
    again = repeats(done, seen.incidents, seen.chunks)
    return Verdict(
        published=len(published),
        confirmed=len(confirmed),
        started=len({work.start.n for work in done}),
        completed=len(completed),
        dead=len(seen.dead),
        left=seen.left,
        lost=sorted(confirmed - completed.keys() - seen.dead.keys()),
        repeats=[each for each in again if each.cause != FAILED],
        in_flight=flying,
        just_done=just_done,
        completed_twice={n: times for n, times in completed.items() if times > 1},
        scale_downs=len(seen.scaling.shrinks),
        wrong=wrong_shrinks(seen.scaling, seen.chunks, done),
        unasked=sorted((completed.keys() | seen.dead.keys()) - published),
        given_up=sorted(seen.dead.keys() - {n.n for n in seen.notes if n.what == "dead"}),
    )


def wrong_shrinks(scaling: Scaling, chunks: Sequence[Chunk], done: Sequence[Work]) -> list[str]:
    """Steps below what the tasks then waiting asked for, by what the producer and handlers say."""
    first: dict[int, float] = {}
    for work in done:
        first.setdefault(work.start.n, work.start.at)
    found = []
    for step in scaling.shrinks:
        waiting = _waiting(step.at, chunks, first)
        needed = min(math.ceil(waiting / scaling.per_worker), scaling.bound(step.at))
        if step.after < needed:
            found.append(
                f"from {step.before} to {step.after} workers at {step.at:.1f} while {waiting} "
                f"tasks waited, which ask for {needed}"
            )
    return found


def _waiting(at: float, chunks: Sequence[Chunk], first: Mapping[int, float]) -> int:
    """How many were surely waiting: confirmed a while ago, and not started for a while more."""
    told = [chunk for chunk in chunks if chunk.ended_at <= at - TOLD_SECONDS]
    never = float("inf")
    return sum(first.get(n, never) > at + TOLD_SECONDS for chunk in told for n in chunk.confirmed)


def _some(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return ", ".join(map(str, numbers[:NAMED])) + more
