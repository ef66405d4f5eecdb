"""Queues of which nobody waits for a reading: a small part of all that is read. Pure."""

from collections.abc import Set as AbstractSet
from itertools import islice

PART = 0.03
"""Of the reads of the others: at 10,000 of each this reads every one once in about a minute."""

CEILING_SECONDS = 60.0
"""No queue is read more rarely, whatever that is a part of."""


class Seldom:
    """Those queues, in the order in which it is their turn."""

    def __init__(self) -> None:
        self._queues: dict[str, None] = {}  # as an ordered set
        self._due = 0.0

    def __contains__(self, queue: object) -> bool:
        return queue in self._queues

    def keep(self, queues: AbstractSet[str]) -> set[str]:
        """These are all there are; new ones come first. Returns those that are left out."""
        gone = self._queues.keys() - queues
        new = queues - self._queues.keys()
        stay = [queue for queue in self._queues if queue not in gone]
        self._queues = dict.fromkeys([*sorted(new), *stay])
        return gone

    def take(self, others: int, *, seconds: float) -> list[str]:
        """Whose turn it is. others: read in this turn; seconds: until the next."""
        count = len(self._queues)
        at_least = count * seconds / CEILING_SECONDS
        self._due = min(count, self._due + max(others * PART, at_least))
        taken = list(islice(self._queues, int(self._due)))
        self._due -= len(taken)
        for queue in taken:
            del self._queues[queue]
            self._queues[queue] = None
        return taken
