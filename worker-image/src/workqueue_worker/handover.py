"""The next subscription, made beside the one in use when the mounted credentials have changed.

New first, then the old one goes: wrong credentials cost nothing but a line in the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from workqueue_worker.logs import fields
from workqueue_worker.metrics import Metrics
from workqueue_worker.renewal import Renewal
from workqueue_worker.subscription import Subscription
from workqueue_worker.troubles import EXPECTED, diagnose

log = logging.getLogger(__name__)


class Handover:
    """Used by the I/O loop. `connect` alone is called in a thread of its own.

    A host that says nothing would keep the loop for many seconds, and the connection in use
    would miss its heartbeats. The new one is used by the loop only after that thread has ended.
    """

    def __init__(
        self, renewal: Renewal, connect: Callable[[], Subscription], metrics: Metrics
    ) -> None:
        self._renewal = renewal
        self._connect = connect
        self._metrics = metrics
        self._opening: Future[Subscription] | None = None
        self._next: Subscription | None = None

    def look(self) -> bool:
        """Begin a new connection where one is due. Returns whether there is one to go on with."""
        if self._opening is not None and self._opening.done():
            self._arrived(self._opening)
        elif self._opening is None and self._next is None and self._renewal.due():
            self._begin()
        return self._next is not None

    def serve(self) -> None:
        """Keep the new connection alive while the old one's task is finished."""
        if self._next is None:
            return
        try:
            self._next.turn(0)
        except EXPECTED as error:
            log.warning("the new connection is lost again: %s", diagnose(error).message)
            self.close()

    def take(self) -> Subscription | None:
        """The new one, if it is still there; it is the caller's from now on."""
        taken, self._next = self._next, None
        return taken

    def close(self) -> None:
        """Close what was not taken. One that is still being opened closes when it is open."""
        if self._opening is not None:
            close_when_open(self._opening)
            self._opening = None
        if (unused := self.take()) is not None:
            unused.close()

    def _begin(self) -> None:
        log.info("the broker's credentials changed: making a new connection")
        self._renewal.connecting()
        self._opening = open_in_thread(self._connect)

    def _arrived(self, opening: Future[Subscription]) -> None:
        self._opening = None
        try:
            self._next = opening.result()
        except EXPECTED as error:
            self._renewal.refused()
            self._metrics.credentials_refused.inc()
            trouble = diagnose(error)
            log.warning(
                "the changed credentials give no connection, and the old one stays in use: %s",
                trouble.message,
                extra=fields(reason=trouble.reason),
            )
        else:
            self._renewal.connected()


def open_in_thread(connect: Callable[[], Subscription]) -> Future[Subscription]:
    """Call `connect` in a thread of its own, which hands over what it opened and ends."""
    opening: Future[Subscription] = Future()

    def open_it() -> None:
        try:
            opening.set_result(connect())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            opening.set_exception(error)

    threading.Thread(target=open_it, name="connecting", daemon=True).start()
    return opening


def close_when_open(opening: Future[Subscription]) -> None:
    """Nobody waits for it any more."""
    opening.add_done_callback(_close_opened)


def _close_opened(opening: Future[Subscription]) -> None:
    if opening.exception() is None:
        opening.result().close()
