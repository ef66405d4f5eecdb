"""What one queue needed lately, what was known of it, and when its number of workers changed."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workqueue_operator.core.need import Need

Needs = deque[tuple[float, Any]]
"""(held until, need), at monotonic seconds, the oldest first."""


@dataclass(slots=True)
class History:
    """Of one WorkQueue. Needs are in workers and before the bounds.

    A need holds until the next reading. Kept is only what may still become the highest (for a step
    down) or the lowest (for a step up that has to wait).
    """

    since: float | None = None  # Known without a gap since then
    unknown_since: float | None = None
    zeros: int = 0  # readings of nothing ready, one after the other
    zero_since: float | None = None
    idle_since: float | None = None  # nothing waited and nothing was in work
    stepped_up_at: float = float("-inf")
    stepped_down_at: float = float("-inf")
    _highest: deque[tuple[float, Need]] = field(default_factory=deque)
    _lowest: deque[tuple[float, int]] = field(default_factory=deque)

    def learn(self, need: Need, *, least: int, empty: bool, now: float) -> None:
        """Add one Known reading.

        need: what a step down has to leave; least: what a step up may count on; empty: nothing
        is ready.
        """
        if self.since is None:
            self.since = now
        self.unknown_since = None
        _add(self._highest, need, now, drop=lambda older: older <= need)
        _add(self._lowest, least, now, drop=lambda older: older >= least)
        self._count_zeros(empty=empty, now=now)
        if need.workers > 0:
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = now

    def forget_before(self, *, up_seconds: float, down_seconds: float, now: float) -> None:
        """Drop what is older than the two windows."""
        _forget(self._highest, now - down_seconds)
        _forget(self._lowest, now - up_seconds)

    def break_off(self, now: float) -> None:
        """Nothing is known: the windows start anew with the next Known reading."""
        if self.unknown_since is None:
            self.unknown_since = now
        self.since = self.idle_since = None
        self.zeros, self.zero_since = 0, None
        self._highest.clear()
        self._lowest.clear()

    def restart_window(self, now: float) -> None:
        """Let a whole window pass before the next step down."""
        if self.since is not None:
            self.since = now

    def stepped(self, before: int, after: int, now: float) -> None:
        """The number of workers was changed."""
        if after > before:
            self.stepped_up_at = now
        elif after < before:
            self.stepped_down_at = now

    def highest(self, *, now: float, window_seconds: float) -> Need | None:
        """The highest need of the window; None while the window is not full."""
        found: Need | None = self._extreme(self._highest, now, window_seconds)
        return found

    def lowest(self, *, now: float, window_seconds: float) -> int | None:
        """The lowest need of the window; None while the window is not full."""
        found: int | None = self._extreme(self._lowest, now, window_seconds)
        return found

    def zero_is_proven(self, *, now: float, seconds: float, readings: int) -> bool:
        """Nothing was ready, this often and for this long."""
        proven_since = self.zero_since
        return proven_since is not None and self.zeros >= readings and now - proven_since >= seconds

    def unknown_seconds(self, now: float) -> float:
        """For how long nothing has been known."""
        return 0.0 if self.unknown_since is None else now - self.unknown_since

    def idle_seconds(self, now: float) -> float:
        """For how long there has been nothing to do."""
        return 0.0 if self.idle_since is None else now - self.idle_since

    def _extreme(self, needs: Needs, now: float, window_seconds: float) -> Any:
        if self.since is None or now - self.since < window_seconds or not needs:
            return None
        _forget(needs, now - window_seconds)
        return needs[0][1]

    def _count_zeros(self, *, empty: bool, now: float) -> None:
        if not empty:
            self.zeros, self.zero_since = 0, None
            return
        self.zeros += 1
        if self.zero_since is None:
            self.zero_since = now


def _add(needs: Needs, need: Any, now: float, *, drop: Callable[[Any], bool]) -> None:
    """The last one held until now; those that the new one outdoes will never count again."""
    if needs:
        needs[-1] = (now, needs[-1][1])
    while needs and drop(needs[-1][1]):
        needs.pop()
    needs.append((now, need))


def _forget(needs: Needs, before: float) -> None:
    """Drop what did not hold any more; the newest stays, for it holds still."""
    while len(needs) > 1 and needs[0][0] <= before:
        needs.popleft()
