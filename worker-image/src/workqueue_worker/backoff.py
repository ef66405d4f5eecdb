"""How long to wait before the next connection. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Doubles from `first_seconds` to `cap_seconds`."""

    first_seconds: float
    cap_seconds: float

    def delay_seconds(self, attempt: int, random: Callable[[], float]) -> float:
        """The delay after `attempt` failures in a row (0 is the first).

        Half of it is chance (`random` gives 0 to 1): a broker that comes back is not met by all
        its workers in the same instant.
        """
        whole = min(self.cap_seconds, self.first_seconds * 2.0 ** min(attempt, 32))
        return whole * (0.5 + 0.5 * random())


NETWORK = Schedule(first_seconds=0.5, cap_seconds=15)
"""Somebody restarts the broker: be back soon after."""

ABSENT_QUEUE = Schedule(first_seconds=0.5, cap_seconds=5)
"""The operator is about to declare it; a passive declare costs the broker next to nothing."""

REFUSED = Schedule(first_seconds=5, cap_seconds=30)
"""A person must mend a password or a permission, and each try is a line in the broker's log."""

PUBLISH = Schedule(first_seconds=1, cap_seconds=30)
"""A failed task could not be published again; it is handed back, but not in a tight loop."""

RELEASE = Schedule(first_seconds=0.5, cap_seconds=15)
"""A task was handed back uncounted, as by a server that does not listen."""
