"""The queues that a monitor reads, shared between its thread and those that add to them."""

import threading


class Watched:
    """A set of queues that remembers which of them are new. Any thread may use it.

    Beside them those that are read seldom; nobody waits for their first reading.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: set[str] = set()
        self._fresh: set[str] = set()
        self._seldom: set[str] = set()
        self._changed = False

    def add_seldom(self, queue: str) -> None:
        """Read this one seldom; one that is read anyway stays as it is."""
        with self._lock:
            if queue not in self._queues:
                self._seldom.add(queue)
                self._changed = True

    def add(self, queue: str) -> bool:
        """Returns whether it is new."""
        with self._lock:
            if queue in self._queues:
                return False
            self._queues.add(queue)
            self._seldom.discard(queue)
            self._fresh.add(queue)
            self._changed = True
            return True

    def discard(self, queue: str) -> bool:
        """Returns whether any is left."""
        with self._lock:
            self._queues.discard(queue)
            self._fresh.discard(queue)
            self._seldom.discard(queue)
            self._changed = True
            return bool(self._queues)

    def has_fresh(self) -> bool:
        """Has one been added that was not taken yet?"""
        return bool(self._fresh)

    def take_all(self) -> set[str]:
        """Every queue but the seldom ones; none is new any more."""
        with self._lock:
            self._fresh.clear()
            return set(self._queues)

    def take_changes(self) -> tuple[set[str], set[str]] | None:
        """Every queue, and the seldom ones, if they are not those of the last time; else None.

        The new ones stay new.
        """
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            return set(self._queues), set(self._seldom)

    def take_fresh(self) -> set[str]:
        """Those added since the last take; none is new any more."""
        with self._lock:
            fresh, self._fresh = self._fresh, set()
            return fresh
