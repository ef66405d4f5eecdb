"""Keys that want a step: each at most once, none twice at the same time, some of them later."""

import heapq
import threading
import time
from collections.abc import Callable


class Pending:
    """A delaying queue of keys, for several worker threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start empty and open. monotonic: a clock in seconds."""
        self._monotonic = monotonic
        self._condition = threading.Condition()
        self._due: dict[str, float] = {}  # key -> monotonic seconds
        self._heap: list[tuple[float, str]] = []
        self._running: set[str] = set()
        self._closed = False

    def add(self, key: str, after_seconds: float = 0.0) -> None:
        """Ask for a step; an earlier time wins over a later one. While it runs, it runs again."""
        due = self._monotonic() + after_seconds
        with self._condition:
            if key in self._due and self._due[key] <= due:
                return
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
            self._condition.notify()

    def take(self) -> str | None:
        """Wait for a key that is due and take it; None when closed. `done` must follow."""
        with self._condition:
            while not self._closed:
                wait = self._next_wait()
                if wait is not None and wait <= 0:
                    key = heapq.heappop(self._heap)[1]
                    del self._due[key]
                    self._running.add(key)
                    return key
                self._condition.wait(wait)
            return None

    def done(self, key: str) -> None:
        """The step has ended."""
        with self._condition:
            self._running.discard(key)
            if key in self._due:
                heapq.heappush(self._heap, (self._due[key], key))
                self._condition.notify()

    def close(self) -> None:
        """Let every waiting thread go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _next_wait(self) -> float | None:
        """Seconds until the first key is due; stale entries and running keys are set aside."""
        while self._heap:
            due, key = self._heap[0]
            if self._due.get(key) == due and key not in self._running:
                return due - self._monotonic()
            heapq.heappop(self._heap)
        return None
