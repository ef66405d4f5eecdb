"""Keys that want a step: each at most once, none twice at the same time, some of them later."""

import heapq
import threading
import time
from collections.abc import Callable
from enum import IntEnum


class Urgency(IntEnum):
    """Who goes first among those that are due: it counts as a lead of so many seconds.

    So nobody waits for ever behind a crowd that is more urgent.
    """

    TELLING = -5  # what was done is told in status and events
    USUAL = 0
    FIRST_WORKERS = 10  # tasks wait, and nobody is there


class Pending:
    """A delaying queue of keys, for several worker threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start empty and open. monotonic: a clock in seconds."""
        self._monotonic = monotonic
        self._condition = threading.Condition()
        self._asked: dict[str, tuple[float, Urgency]] = {}  # key -> monotonic seconds
        self._later: list[tuple[float, str]] = []  # by the time when they are due
        self._due: list[tuple[float, str]] = []  # by the same, less their lead
        self._running: set[str] = set()
        self._closed = False

    def add(self, key: str, after_seconds: float = 0.0, urgency: Urgency = Urgency.USUAL) -> None:
        """Ask for a step; an earlier time wins over a later one. While it runs, it runs again."""
        with self._condition:
            asked = (self._monotonic() + after_seconds, urgency)
            before = self._asked.get(key)
            if before is not None:
                sooner = asked[0] < before[0] if after_seconds else _rank(asked) < _rank(before)
                if not sooner:
                    return
            self._asked[key] = asked
            heapq.heappush(self._later, (asked[0], key))
            self._condition.notify()

    def take(self) -> str | None:
        """Wait for a key that is due and take it; None when closed. `done` must follow."""
        with self._condition:
            while not self._closed:
                key = self._first()
                if key is not None:
                    heapq.heappop(self._due)
                    del self._asked[key]
                    self._running.add(key)
                    return key
                self._condition.wait(self._next_wait())
            return None

    def done(self, key: str) -> None:
        """The step has ended."""
        with self._condition:
            self._running.discard(key)
            if key in self._asked:
                heapq.heappush(self._later, (self._asked[key][0], key))
                self._condition.notify()

    def is_crowded(self) -> bool:
        """Whether somebody without workers waits for a step, so that telling can wait."""
        with self._condition:
            key = self._first()
            return key is not None and self._asked[key][1] is Urgency.FIRST_WORKERS

    def close(self) -> None:
        """Let every waiting thread go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _next_wait(self) -> float | None:
        """Seconds until another key is due; None: there is none."""
        return max(0.0, self._later[0][0] - self._monotonic()) if self._later else None

    def _first(self) -> str | None:
        """Who goes first of those that are due; stale entries and running keys are set aside."""
        self._find_due()
        while self._due:
            rank, key = self._due[0]
            if self._waits(key) and _rank(self._asked[key]) == rank:
                return key
            heapq.heappop(self._due)
        return None

    def _find_due(self) -> None:
        now = self._monotonic()
        while self._later:
            due, key = self._later[0]
            valid = self._waits(key) and self._asked[key][0] == due
            if valid and due > now:
                return
            heapq.heappop(self._later)
            if valid:
                heapq.heappush(self._due, (_rank(self._asked[key]), key))

    def _waits(self, key: str) -> bool:
        return key in self._asked and key not in self._running


def _rank(asked: tuple[float, Urgency]) -> float:
    """Smaller ones go first. asked: when it is due, and how urgent it is."""
    return asked[0] - asked[1]
