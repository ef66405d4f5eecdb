"""Notices that the mounted files are no longer those that a connection was made with.

The connection in use stays until a new one has been made with the new files: wrong ones cost
nothing but a line in the log. Each connection has a Renewal of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from workqueue_worker import backoff
from workqueue_worker.credentials import fingerprint
from workqueue_worker.settings import Settings

LOOK_SECONDS = 3.0
"""The kubelet takes longer than that to bring a changed Secret; a look reads a few small files."""


class Renewal:
    """When to make the next connection. Used by one thread.

    connecting() before each attempt, connected() or refused() after it, due() in between.
    """

    def __init__(self, read: Callable[[], str], now: Callable[[], float] = time.monotonic) -> None:
        """read: the fingerprint of the files as they are."""
        self._read = read
        self._now = now
        self._in_use: str | None = None
        self._tried: str | None = None
        self._refusals = 0
        self._look_at = self._again_at = float("-inf")

    @classmethod
    def of(cls, settings: Settings) -> Renewal:
        return cls(lambda: fingerprint(settings.broker_dir, settings.tls_dir))

    def connecting(self) -> None:
        """An attempt begins. Before the files are read for it: a change meanwhile is seen later."""
        tried = self._read()
        if tried != self._tried:
            self._refusals = 0
        self._tried = tried

    def connected(self) -> None:
        """The attempt gave a connection, which is the one in use from now on."""
        self._in_use, self._refusals = self._tried, 0

    def refused(self) -> None:
        """The attempt failed: again when the files change once more, or after a while."""
        delay = backoff.REFUSED.delay_seconds(self._refusals, random.random)
        self._refusals += 1
        self._again_at = self._now() + delay

    def due(self) -> bool:
        """Whether to try a new connection beside the one in use. Cheap: it looks rarely."""
        now = self._now()
        if self._in_use is None or now < self._look_at:
            return False
        self._look_at = now + LOOK_SECONDS
        found = self._read()
        if found == self._in_use:
            return False
        return found != self._tried or now >= self._again_at
