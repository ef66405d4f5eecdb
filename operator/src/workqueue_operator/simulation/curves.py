"""A number that changes at moments, and holds in between."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Moments are in ascending order, in seconds; the first is 0."""

    moments: Sequence[float]
    values: Sequence[int]

    @classmethod
    def counting(cls, more: Iterable[float], less: Iterable[float]) -> "Curve":
        """One up at each moment of the one, one down at each of the other."""
        # At one moment up comes before down, so that what lasts no time is seen, too.
        changes = sorted([(at, -1) for at in more] + [(at, 1) for at in less])
        values = accumulate(-change for _, change in changes)
        return cls(moments=[0.0, *(at for at, _ in changes)], values=[0, *values])

    def highest(self, begin: float, end: float) -> int:
        """The highest value from begin until before end."""
        return max(self.values[self._holding_at(begin) : bisect_left(self.moments, end)])

    def mean(self, begin: float, end: float) -> float:
        """The mean value from begin until end, each weighing as long as it holds."""
        first, last = self._holding_at(begin), bisect_left(self.moments, end)
        starts = [begin, *self.moments[first + 1 : last]]
        ends = [*self.moments[first + 1 : last], end]
        spans = zip(starts, ends, self.values[first:last], strict=True)
        return math.fsum((until - since) * value for since, until, value in spans) / (end - begin)

    def _holding_at(self, moment: float) -> int:
        return bisect_right(self.moments, moment) - 1
