"""One broker access: one thread, one connection that never publishes, every queue by and by."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from workqueue_operator.broker.agenda import Agenda
from workqueue_operator.broker.link import Link
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.management import ManagementReader
from workqueue_operator.broker.pace import FLOOR_SECONDS, Backoff
from workqueue_operator.broker.sweep import Sweeper
from workqueue_operator.broker.watched import Watched
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    AuthenticationFailedError,
    BrokerError,
    VhostDeniedError,
)
from workqueue_operator.core.readings import Reading, Unknown
from workqueue_operator.ports import ReadingSink

log = logging.getLogger(__name__)

STUCK_SECONDS = 60.0
# The longest time that the thread spends without showing that it turns.
_TURN_SECONDS = 5.0


class SweepObserver(Protocol):
    """Told about each sweep and each failed attempt, from the monitor's thread."""

    def __call__(self, *, address: str, duration_seconds: float, queues: int, outcome: str) -> None:
        """outcome: "ok", or the reason of the error that ended it (CamelCase)."""
        ...


class Monitor:
    """Reads its queues until it is closed. All methods may be called from any thread."""

    def __init__(
        self,
        access: Access,
        sink: ReadingSink,
        *,
        share: Callable[[], float],
        observe: SweepObserver | None = None,
        floor_seconds: float = FLOOR_SECONDS,
    ) -> None:
        """share: which part of a core this monitor may use, now. floor_seconds: see Agenda."""
        self.access = access
        self._sink = sink
        self._observe = observe
        self._backoff = Backoff(random.random)
        self._loop = Loop()
        self._watched = Watched()
        self._agenda = Agenda(self._watched, share=share, floor_seconds=floor_seconds)
        self._closing = False
        self._turned_at = time.monotonic()
        self._trouble: str | None = None
        self._management = ManagementReader(access, share=share) if access.management_uri else None
        self._thread = threading.Thread(
            target=self._run, name=f"monitor {access.server}", daemon=True
        )

    def start(self) -> None:
        """Connect and read, from now on."""
        if self._management is not None:
            self._management.start()
        self._thread.start()

    def watch(self, queue: str) -> None:
        """Read this queue at once, and again and again from then on."""
        if self._watched.add(queue):
            self._loop.wake()

    def watch_seldom(self, queue: str) -> None:
        """Read this queue now and then, at a small part of the cost of the others."""
        self._watched.add_seldom(queue)

    def unwatch(self, queue: str) -> bool:
        """Stop reading it; returns whether any queue is left."""
        return self._watched.discard(queue)

    def close(self) -> None:
        """Begin to end; returns at once."""
        self._closing = True
        self._loop.wake()
        if self._management is not None:
            self._management.close()

    def join(self, timeout_seconds: float) -> None:
        """Wait until the thread has ended, but not longer than this."""
        self._thread.join(max(0.0, timeout_seconds))

    def turns(self, now: float) -> bool:
        """Is the thread alive, and did it turn within STUCK_SECONDS?"""
        if self._management is not None and not self._management.turns():
            return False
        return self._thread.is_alive() and now - self._turned_at < STUCK_SECONDS

    # --- the thread

    def _run(self) -> None:
        try:
            while not self._closing:
                began = time.monotonic()
                try:
                    self._read_until_lost()
                except BrokerError as error:
                    self._failed(error, began)
        finally:
            self._loop.close()

    def _read_until_lost(self) -> None:
        """Connect, and sweep until the connection is lost, which is raised."""
        link = Link(self.access, self._loop)
        try:
            link.wait_open(stopped=self._is_closing)
            if self._closing:
                return
            connected_at = time.monotonic()
            if self._management is not None:
                self._management.broker_is_back()
            sweeper = Sweeper(link, self._loop, stopped=self._is_closing)
            while not self._closing:
                self._turn(sweeper, link, connected_at)
        finally:
            link.close()

    def _turn(self, sweeper: Sweeper, link: Link, connected_at: float) -> None:
        """Read whose turn it is; then wait for the next turn, and read new queues meanwhile."""
        began = self._turned_at = time.monotonic()
        sweeper.forget(self._agenda.keep())
        queues, seconds = self._agenda.turn()
        self._sweep(sweeper, queues, connected_at)
        due = began + seconds
        while not self._closing and (left := due - time.monotonic()) > 0:
            self._turned_at = time.monotonic()
            self._loop.run(
                min(left, _TURN_SECONDS), until=lambda: self._has_news() or link.lost is not None
            )
            link.check()
            if fresh := self._agenda.fresh():
                self._sweep(sweeper, fresh, connected_at, extra=True)

    def _sweep(
        self, sweeper: Sweeper, queues: set[str], connected_at: float, *, extra: bool = False
    ) -> None:
        """Read, add the tasks in work, tell the sink. extra: between two turns."""
        began, cpu = time.monotonic(), time.thread_time()
        readings: Mapping[str, Reading] = sweeper.sweep(queues)
        if self._management is not None:
            # The tasks in work of the seldom ones are asked for by nobody, and stir nobody.
            usual, seldom = self._agenda.parted(readings)
            readings = {
                **self._management.complete(usual, connected_at=connected_at),
                **seldom,
            }
        now, spent = time.monotonic(), time.thread_time() - cpu
        self._agenda.have_read(readings, cpu_seconds=spent, now=now, extra=extra)
        self._observed(now - began, len(readings), "ok")
        if readings:
            self._answering()
            self._sink(self.access, readings)

    def _failed(self, error: BrokerError, began: float) -> None:
        """Tell that nothing is known, and wait before the next attempt."""
        now = time.monotonic()
        queues = self._watched.take_all()
        self._observed(now - began, len(queues), error.reason)
        if error.reason != self._trouble:
            log.warning("%s: %s", error.reason, error)
        self._trouble = error.reason
        self._tell_unknown(queues, error)
        self._rest(now + self._pause_seconds(error), error)

    def _pause_seconds(self, error: BrokerError) -> float:
        if isinstance(error, AuthenticationFailedError | VhostDeniedError):
            # Only a person mends this, and brokers and their logs count wrong passwords.
            return self._backoff.after_failure(first_seconds=5.0, most_seconds=60.0)
        return self._backoff.after_failure(first_seconds=0.5, most_seconds=30.0)

    def _rest(self, until: float, error: BrokerError) -> None:
        """Wait. A queue that is new meanwhile hears at once what is wrong."""
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._turned_at = time.monotonic()
            self._loop.run(min(left, _TURN_SECONDS), until=self._has_news)
            self._tell_unknown(self._watched.take_fresh(), error)

    def _answering(self) -> None:
        self._backoff.succeeded()
        if self._trouble is not None:
            log.info("%s answers again", self.access.address)
        self._trouble = None

    def _tell_unknown(self, queues: set[str], error: BrokerError) -> None:
        if queues:
            unknown = Unknown(reason=error.reason, why=str(error), at=time.monotonic())
            self._sink(self.access, dict.fromkeys(queues, unknown))

    def _observed(self, duration_seconds: float, queues: int, outcome: str) -> None:
        if self._observe is not None:
            self._observe(
                address=self.access.address,
                duration_seconds=duration_seconds,
                queues=queues,
                outcome=outcome,
            )

    def _is_closing(self) -> bool:
        return self._closing

    def _has_news(self) -> bool:
        return self._closing or self._watched.has_fresh()
