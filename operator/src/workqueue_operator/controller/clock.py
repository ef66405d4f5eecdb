"""Time, passed in."""

import time
from datetime import UTC, datetime


class Clock:
    """The process's two clocks; a test brings its own."""

    def monotonic(self) -> float:
        """Seconds, for intervals."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)


def rfc3339(time_of_day: datetime) -> str:
    """As Kubernetes writes times, to the second."""
    return time_of_day.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> datetime:
    """Read a time that Kubernetes wrote."""
    return datetime.fromisoformat(text)
