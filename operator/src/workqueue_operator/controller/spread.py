"""Work that nobody waits for, spread over time."""

import threading


class Spread:
    """Hands out times: none soon, and never two of them close together."""

    def __init__(self, *, after_seconds: float, apart_seconds: float) -> None:
        self._after_seconds = after_seconds
        self._apart_seconds = apart_seconds
        self._lock = threading.Lock()
        self._last = float("-inf")

    def next(self, now: float) -> float:
        """The next free time. Monotonic seconds."""
        with self._lock:
            self._last = max(now + self._after_seconds, self._last + self._apart_seconds)
            return self._last
