"""Publishes failed tasks again, confirmed, on a connection of its own.

The broker stops reading a connection that has published while it has an alarm; the consumer's
would then carry no acknowledgements any more. So this one is apart, in a thread of its own,
opened when a task fails and closed when none has for a while.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from workqueue_worker.renewal import Renewal
from workqueue_worker.troubles import EXPECTED, diagnose

log = logging.getLogger(__name__)

SERVICE_SECONDS = 1.0
"""How often an idle connection is served, which its heartbeats need."""
IDLE_SECONDS = 30.0


UNROUTABLE = "Unroutable"
"""The reason (of troubles.py) where there is no queue of that name."""


class PublishError(Exception):
    """The broker did not confirm the task. It may or may not have it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    queue: str
    body: bytes
    properties: Any
    done: Future[None] = field(default_factory=Future)


class Publisher:
    """Every future it gives is settled: by the confirm, or by a PublishError."""

    def __init__(
        self,
        connect: Callable[[], Any],
        now: Callable[[], float] = time.monotonic,
        *,
        renewal: Renewal | None = None,
    ) -> None:
        """renewal: for this connection alone; changed credentials end it between two messages."""
        self._renewal = renewal or Renewal(lambda: "never another one")
        self._connect = connect
        self._now = now
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None
        self._last_use = 0.0

    def publish(self, message: Message) -> Future[None]:
        """Send to the default exchange; from any thread."""
        self._messages.put(message)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                self._thread.start()
        return message.done

    def close(self, timeout_seconds: float) -> None:
        """Close the connection, if there is one; wait at most so long for it."""
        self._messages.put(None)
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while True:
            try:
                message = self._messages.get(timeout=SERVICE_SECONDS)
            except queue.Empty:
                self._serve_idle()
                continue
            if message is None:
                self._drop()
                return
            self._settle(message)

    def _settle(self, message: Message) -> None:
        try:
            self._send(message)
        except EXPECTED as error:
            trouble = diagnose(error)
            self._drop()
            message.done.set_exception(PublishError(trouble.reason, trouble.message))
        except BaseException as error:  # a bug of ours, raised where the future is waited for
            message.done.set_exception(error)
            raise
        else:
            message.done.set_result(None)

    def _send(self, message: Message) -> None:
        self._serve_idle()  # notices a connection that ended since, before anything is risked
        if self._connection is None:
            self._renewal.connecting()
            self._connection = self._connect()
            self._renewal.connected()
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        # Without `mandatory` the broker confirms what it then throws away.
        self._channel.basic_publish(
            exchange="",
            routing_key=message.queue,
            body=message.body,
            properties=message.properties,
            mandatory=True,
        )
        self._last_use = self._now()

    def _serve_idle(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.process_data_events(0)
        except EXPECTED as error:
            log.info("publishing connection lost while idle: %s", diagnose(error).message)
            self._drop()
            return
        idle = self._now() - self._last_use > IDLE_SECONDS
        if idle or self._renewal.due() or not self._channel.is_open:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            with contextlib.suppress(*EXPECTED):  # we were leaving it anyway
                connection.close()
