"""The queues that a monitor reads, shared between its thread and those that add to them."""

import threading


class Watched:
    """A set of queues that remembers which of them are new. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: set[str] = set()
        self._fresh: set[str] = set()
        self._changed = False

    def add(self, queue: str) -> bool:
        """Returns whether it is new."""
        with self._lock:
            if queue in self._queues:
                return False
            self._queues.add(queue)
            self._fresh.add(queue)
            self._changed = True
            return True

    def discard(self, queue: str) -> bool:
        """Returns whether any is left."""
        with self._lock:
            self._queues.discard(queue)
            self._fresh.discard(queue)
            self._changed = True
            return bool(self._queues)

    def has_fresh(self) -> bool:
        """Has one been added that was not taken yet?"""
        return bool(self._fresh)

    def take_all(self) -> set[str]:
        """Every queue; none is new any more."""
        with self._lock:
            self._fresh.clear()
            return set(self._queues)

    def take_changes(self) -> set[str] | None:
        """Every queue, if it is not those of the last time; else None. The new ones stay new."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            return set(self._queues)

    def take_fresh(self) -> set[str]:
        """Those added since the last take; none is new any more."""
        with self._lock:
            fresh, self._fresh = self._fresh, set()
            return fresh
