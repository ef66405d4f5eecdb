"""What one queue needed, over the stabilisation window."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class History:
    """Needs of one WorkQueue, in workers and before the bounds, at monotonic seconds.

    A need holds until the next reading. Kept is only what may still become the highest: needs
    fall from left to right, each with the time until which it held.
    """

    since: float | None = None  # Known without a gap since then
    zeros: int = 0  # readings of nothing ready, one after the other
    zero_since: float | None = None
    _needs: deque[tuple[float, int]] = field(default_factory=deque)

    def learn(self, need: int, *, empty: bool, now: float, window_seconds: float) -> None:
        """Add one Known reading."""
        if self.since is None:
            self.since = now
        if self._needs:
            self._needs[-1] = (now, self._needs[-1][1])
        while self._needs and self._needs[-1][1] <= need:
            self._needs.pop()
        self._needs.append((now, need))
        self._forget(now - window_seconds)
        self._count_zeros(empty=empty, now=now)

    def break_off(self) -> None:
        """Nothing was known: the window starts anew with the next Known reading."""
        self.since = None
        self.zeros, self.zero_since = 0, None
        self._needs.clear()

    def restart_window(self, now: float) -> None:
        """Let a whole window pass before the next step down."""
        if self.since is not None:
            self.since = now

    def highest(self, *, now: float, window_seconds: float) -> int | None:
        """The highest need of the window; None while the window is not full."""
        if self.since is None or now - self.since < window_seconds or not self._needs:
            return None
        self._forget(now - window_seconds)
        return self._needs[0][1]

    def zero_is_proven(self, *, now: float, seconds: float, readings: int) -> bool:
        """Nothing was ready, this often and for this long."""
        proven_since = self.zero_since
        return proven_since is not None and self.zeros >= readings and now - proven_since >= seconds

    def _forget(self, before: float) -> None:
        """Drop what did not hold any more; the newest stays, for it holds still."""
        while len(self._needs) > 1 and self._needs[0][0] <= before:
            self._needs.popleft()

    def _count_zeros(self, *, empty: bool, now: float) -> None:
        if not empty:
            self.zeros, self.zero_since = 0, None
            return
        self.zeros += 1
        if self.zero_since is None:
            self.zero_since = now
