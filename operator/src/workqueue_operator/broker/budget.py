"""What reading costs, and how many queues may be read in a second. Pure."""

from collections import deque

BROKER_SECONDS = 36e-6
"""CPU of the broker for one passive declare among many: 35 at 1,000 queues and 37 at 10,000 (the
benchmarks' broker CPU, by the reads that the budget then allowed), 20 where all are asked at once.
"""

_FIRST_GUESS_SECONDS = 15e-6
_REMEMBERED = 20
_MORE = 2.2
_WORTH_SECONDS = 1.0


class Spending:
    """The CPU time of our own that the last readings took."""

    def __init__(self) -> None:
        self._last: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)

    def spent(self, cpu_seconds: float, reads: int) -> None:
        """So many queues were read."""
        self._last.append((cpu_seconds, reads))

    def seconds_per_read(self) -> float:
        """On the average of late; above 0."""
        seconds = sum(seconds for seconds, _ in self._last)
        reads = sum(reads for _, reads in self._last)
        return seconds / max(1, reads) or _FIRST_GUESS_SECONDS


def reads_per_second(queues: int, seconds_per_read: float, share: float) -> float:
    """How many queues may be read in a second, of so many, at this share of a core (above 0).

    The share is that of our own CPU, and of the broker's, whose work is estimated. Where reading
    all queues once would then take more than a second, the broker is asked for twice as much.
    """
    ours = share / seconds_per_read
    gently = share / BROKER_SECONDS
    cycle_seconds = min(queues / gently, max(queues / (gently * _MORE), _WORTH_SECONDS))
    return min(ours, queues / cycle_seconds) if queues else ours
