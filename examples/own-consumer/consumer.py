"""A consumer of your own for `handler: {own: {}}`, with pika and nothing of the worker runtime.

It keeps the promises that the runtime keeps, and each line that does has a reason beside it. Put
your work into `work`; everything else is the same in any language.
"""

import contextlib
import logging
import os
import signal
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pika
from pika.exceptions import AMQPError

QUEUE = os.environ["WORKQUEUE_QUEUE"]
DEAD_LETTERS = os.environ["WORKQUEUE_DEAD_LETTER_QUEUE"]  # empty: there are none
MAX_ATTEMPTS = int(os.environ["WORKQUEUE_MAX_ATTEMPTS"])
log = logging.getLogger("consumer")
Work = Callable[[bytes, int], None]
ATTEMPTS, ERROR, REASON = "x-workqueue-attempts", "x-workqueue-error", "x-workqueue-reason"
ONE_AT_A_TIME = threading.Lock()
"""After a loss the old task may still be at work when the new connection brings the next."""


class HopelessError(Exception):
    """No attempt will ever work."""


class NotHereError(Exception):
    """Not the task's fault: it goes back as it came, uncounted."""


def work(body: bytes, attempt: int) -> None:
    """Return: done. HopelessError: given up. NotHereError: handed back. Else: tried again."""
    log.info("attempt %d of %d bytes", attempt, len(body))


def connect() -> Any:
    """Read the Secret's files each time: a password that changed needs no new pod."""
    folder = Path(os.environ["WORKQUEUE_BROKER_DIR"])
    told = {name: (folder / name).read_text().strip() for name in ("host", "port", "username")}
    password = (folder / "password").read_text().rstrip("\r\n")
    authorities = os.environ.get("WORKQUEUE_TLS_DIR")
    context = ssl.create_default_context(cafile=f"{authorities}/ca.crt") if authorities else None
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=told["host"],
            port=int(told["port"]),
            virtual_host=os.environ["WORKQUEUE_VHOST"],
            credentials=pika.PlainCredentials(told["username"], password),
            heartbeat=20,
            blocked_connection_timeout=10,
            client_properties={"connection_name": os.environ["WORKQUEUE_POD_NAME"]},
            ssl_options=pika.SSLOptions(context, told["host"]) if context else None,
        )
    )


def publish_again(properties: Any, body: bytes, failures: int, error: BaseException) -> None:
    """Count a failure in the task's own headers. Returns once the broker has confirmed it."""
    hopeless = isinstance(error, HopelessError)
    dead = bool(DEAD_LETTERS) and (hopeless or failures >= MAX_ATTEMPTS)
    story = {ATTEMPTS: failures, ERROR: f"{type(error).__name__}: {error}"[:1000]}
    if dead:
        story[REASON] = "DeadLetter" if hopeless else "MaxAttempts"
    # Counts of the old message, and its age, are none of the new one's.
    kept = {k: v for k, v in (properties.headers or {}).items() if k != "x-delivery-count"}
    properties.headers = kept | story
    properties.delivery_mode, properties.expiration, properties.user_id = 2, None, None
    # On a connection of its own: a broker that is short of memory reads no more from those that
    # publish, and the acknowledgements of this worker would be stuck behind it.
    connection = connect()
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        target = DEAD_LETTERS if dead else QUEUE
        channel.basic_publish("", target, body, properties, mandatory=True)
    finally:
        connection.close()


class Consumer:
    """One connection and its channel. When it is lost, so is every word not yet said on it."""

    def __init__(self, work: Work) -> None:
        self.held = 0
        self._work = work
        self._connection = connect()
        self._channel = self._connection.channel()
        # Fair dispatch: one task at a time, and the operator counts on it.
        self._channel.basic_qos(prefetch_count=int(os.environ["WORKQUEUE_PREFETCH"]))
        self._tag = self._channel.basic_consume(
            QUEUE, self._take, consumer_tag=os.environ["WORKQUEUE_POD_NAME"]
        )

    def serve(self, stop: threading.Event) -> None:
        """Work until told to stop, then finish what is held."""
        while not stop.is_set() or self.held:
            self._connection.process_data_events(0.2)
            if not self._channel.is_open or (self._tag and not self._channel.consumer_tags):
                raise AMQPError("the broker cancelled the consumer, or closed its channel")
            if stop.is_set() and self._tag:
                log.info("told to stop: taking no more, finishing %d", self.held)
                tag, self._tag = self._tag, ""
                self._channel.basic_cancel(tag)
        self._connection.close()

    def _take(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.held += 1
        # In a thread: this one has to answer the broker's heartbeats during a long task.
        told = (method.delivery_tag, properties, body)
        threading.Thread(target=self._run, args=told, daemon=True).start()

    def _run(self, tag: int, properties: Any, body: bytes) -> None:
        failures = (properties.headers or {}).get(ATTEMPTS, 0)
        settle = self._channel.basic_ack
        try:
            with ONE_AT_A_TIME:
                self._work(body, failures + 1)
        except NotHereError:
            settle = self._channel.basic_nack
        except BaseException as error:  # noqa: BLE001 - a task that calls exit() failed, too
            try:
                # First the new message, then the acknowledgement of the old one, never the
                # reverse: a death in between doubles a task, and cannot lose it.
                publish_again(properties, body, failures + 1, error)
            except (AMQPError, OSError):
                settle = self._channel.basic_nack
        # Said in the connection's own thread, on the channel that the task came by.
        # If that is gone nothing is said: the broker has given the task to somebody else.
        with contextlib.suppress(AMQPError):
            self._connection.add_callback_threadsafe(partial(self._settle, settle, tag))

    def _settle(self, settle: Any, tag: int) -> None:
        settle(tag)
        self.held -= 1


def main(work: Work) -> None:
    logging.basicConfig(level=logging.INFO)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        try:
            Consumer(work).serve(stop)
        except (AMQPError, OSError) as error:
            log.warning("connection lost: %s: %s", type(error).__name__, error)
            time.sleep(1)


if __name__ == "__main__":
    main(work)
