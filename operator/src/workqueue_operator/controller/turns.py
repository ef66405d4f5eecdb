"""Who may roll its pods now, after an upgrade of the operator."""

import threading
from collections.abc import Callable

from workqueue_operator.core.rollout import ROLLING_AT_ONCE

OPENS_AFTER_SECONDS = 10.0


class Turns:
    """A few at a time, and none before those without workers had the time to go first."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nobody has a turn before open()."""
        self._monotonic = monotonic
        self._opens_at = float("inf")
        self._lock = threading.Lock()
        self._held: set[str] = set()

    def open(self, *, after_seconds: float = OPENS_AFTER_SECONDS) -> None:
        """Give turns, but not at once."""
        self._opens_at = self._monotonic() + after_seconds

    def take(self, uid: str) -> bool:
        """Ask for a turn; one that is held stays held until given back."""
        with self._lock:
            free = len(self._held) < ROLLING_AT_ONCE and self._monotonic() >= self._opens_at
            if uid not in self._held and not free:
                return False
            self._held.add(uid)
            return True

    def give_back(self, uid: str) -> None:
        """The rollout has ended, or its WorkQueue is gone."""
        with self._lock:
            self._held.discard(uid)
