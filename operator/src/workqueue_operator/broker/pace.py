"""How often to read, and how long to wait after a failure. Pure: time and chance are passed in."""

from collections import deque
from collections.abc import Callable

FLOOR_SECONDS = 0.1
CEILING_SECONDS = 30.0
_REMEMBERED = 5


class Pace:
    """Keeps repeated work within its share of a core, and is otherwise as quick as allowed."""

    def __init__(
        self, *, floor_seconds: float = FLOOR_SECONDS, ceiling_seconds: float = CEILING_SECONDS
    ) -> None:
        self._floor_seconds = floor_seconds
        self._ceiling_seconds = ceiling_seconds
        self._rounds: deque[float] = deque(maxlen=_REMEMBERED)

    def round_took(self, seconds: float) -> None:
        """A whole round is done."""
        self._rounds.append(seconds)

    def interval_seconds(self, share: float) -> float:
        """Seconds from the start of a round to the next, at this share of a core (above 0)."""
        if not self._rounds:
            return self._floor_seconds
        mean = sum(self._rounds) / len(self._rounds)
        return min(self._ceiling_seconds, max(self._floor_seconds, mean / share))


class Backoff:
    """Exponential with full jitter, so that a broker that comes back is not stampeded.

    chance: gives a number from 0 to 1.
    """

    # Even a lucky draw leaves the broker this long: full jitter may be 0.
    LEAST_SECONDS = 0.1

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def succeeded(self) -> None:
        """The next failure is the first again."""
        self._failures = 0

    def after_failure(self, *, first_seconds: float, most_seconds: float) -> float:
        """Seconds to wait now."""
        # 2 ** 10 is beyond every limit used here, and a larger power overflows one day.
        limit = min(most_seconds, first_seconds * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return max(self.LEAST_SECONDS, self._chance() * limit)
