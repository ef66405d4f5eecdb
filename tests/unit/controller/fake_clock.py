"""Time that passes when a test says so."""

from datetime import UTC, datetime, timedelta

from workqueue_operator.controller.clock import Clock

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock(Clock):
    """Both clocks, moved together."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        """See Clock."""
        return self.seconds

    def now(self) -> datetime:
        """See Clock."""
        return START + timedelta(seconds=self.seconds - 1000.0)

    def rfc3339(self) -> str:
        """Now, as the API server writes it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
