"""Walking through a dead-letter queue, once, as far as it reached at the start."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from workqueue_operator.cli.dlq.letter import Letter

FIRST_BLOCK, LARGEST_BLOCK = 64, 4096
BLOCK_BYTES = 16 * 1024 * 1024
"""About so much is asked for at a time: the broker hands it out whether or not we read."""


class Source(Protocol):
    """What walking needs of a line.Line."""

    def waiting(self, queue: str) -> int:
        """How many are ready."""
        ...

    def take(self, dead_queue: str, queue: str, count: int) -> Sequence[Letter]:
        """So many, or all there are."""
        ...

    def settle(self) -> None:
        """Wait until what was acknowledged is removed."""
        ...


class Walk:
    """The letters of one queue, oldest first. Those that come meanwhile stay unseen.

    A task that is put back and fails again is one of them, so that no replay goes on for ever.
    """

    def __init__(self, source: Source, dead_queue: str, queue: str) -> None:
        self._source = source
        self._dead_queue = dead_queue
        self._queue = queue
        self.there = source.waiting(dead_queue)
        self.seen = 0

    @property
    def left(self) -> int:
        """How many were there at the start and have not been seen."""
        return self.there - self.seen

    def settle(self) -> None:
        """Wait until what was acknowledged is removed."""
        self._source.settle()

    def blocks(self, at_most: int | None = None) -> Iterator[Sequence[Letter]]:
        """Block by block; fewer than were there, if somebody else has taken some."""
        end = self.there if at_most is None else min(self.there, at_most)
        count = FIRST_BLOCK
        while self.seen < end:
            found = self._source.take(self._dead_queue, self._queue, min(count, end - self.seen))
            if not found:
                return
            self.seen += len(found)
            yield found
            count = _next_count(found)


def _next_count(found: Sequence[Letter]) -> int:
    mean_bytes = sum(len(letter.body) for letter in found) // len(found)
    return max(1, min(LARGEST_BLOCK, BLOCK_BYTES // (mean_bytes + 1)))
