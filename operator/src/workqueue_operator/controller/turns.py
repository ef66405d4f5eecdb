"""Who may roll its pods now, after an upgrade of the operator."""

import threading
from collections.abc import Callable
from itertools import islice

from workqueue_operator.core.rollout import ROLLING_AT_ONCE

OPENS_AFTER_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 60.0
"""Who has a turn is asked so often whether its rollout has ended, or is stuck."""


class Turns:
    """A few at a time, and none before those without workers had the time to go first.

    Who gets none is remembered, and woken through `take_called`.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nobody has a turn before open()."""
        self._monotonic = monotonic
        self._opens_at = float("inf")
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._waiting: dict[str, None] = {}  # in the order they came
        self._called: set[str] = set()  # to be told
        self._expected: set[str] = set()  # told, and yet to come

    def open(self, *, after_seconds: float = OPENS_AFTER_SECONDS) -> None:
        """Give turns, but not at once."""
        self._opens_at = self._monotonic() + after_seconds

    def take(self, uid: str) -> bool:
        """Ask for a turn; one that is held stays held until given back."""
        with self._lock:
            self._expected.discard(uid)
            free = len(self._held) < ROLLING_AT_ONCE and self._monotonic() >= self._opens_at
            if uid not in self._held and not free:
                self._waiting[uid] = None
                return False
            self._waiting.pop(uid, None)
            self._held.add(uid)
            return True

    def wait_seconds(self, uid: str) -> float | None:
        """When this one has to ask again; None: it need not, or it will be called."""
        with self._lock:
            if uid in self._held:
                return LOOK_AGAIN_SECONDS
            left = self._opens_at - self._monotonic()
            return left if uid in self._waiting and left > 0 else None

    def give_back(self, uid: str) -> None:
        """The rollout has ended, or nobody asks for it any more."""
        with self._lock:
            if uid in self._held or uid in self._waiting:
                self._held.discard(uid)
                self._waiting.pop(uid, None)
                self._call()

    def pass_on(self, uid: str) -> None:
        """A step has ended: if this one was called for its turn, and took none, another is."""
        with self._lock:
            if uid in self._expected:
                self._expected.discard(uid)
                self._call()

    def take_called(self) -> frozenset[str]:
        """The uids of those that waited and may ask again now."""
        with self._lock:
            called, self._called = frozenset(self._called), set()
        return called

    def _call(self) -> None:
        free = ROLLING_AT_ONCE - len(self._held) - len(self._expected)
        for uid in list(islice(self._waiting, max(0, free))):
            del self._waiting[uid]
            self._called.add(uid)
            self._expected.add(uid)
