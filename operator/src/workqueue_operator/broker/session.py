"""One short conversation with a broker: does a queue exist, declare it, delete it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ShortStringTooLong,
)

from workqueue_operator.broker.connection import connection_error, major_version, open_blocking
from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import InvalidQueueError
from workqueue_operator.core.queues import Arguments

# pika has no time limit for one answer. The heartbeat is the limit: a broker that falls silent in
# the middle of a declaration costs a thread this long, two or three times over, and no longer.
HEARTBEAT_SECONDS = 5

# Replies that end the connection and are yet about the queue: a question that this type of queue
# does not know, and a cluster that cannot place a new queue.
_ABOUT_THE_QUEUE = frozenset({540, 541})


class Session:
    """A connection with the few calls that Topology needs. Used by one thread at a time."""

    def __init__(self, access: Access) -> None:
        """Connect. Raises BrokerError."""
        self._access = access
        self._connection = open_blocking(access, heartbeat_seconds=HEARTBEAT_SECONDS)
        self._channel: Any = None
        self.resumed = False  # was it lent before? Then it may have died meanwhile.

    @property
    def usable(self) -> bool:
        """Can another call be made? A refused call closes its channel alone, and that is fine."""
        return bool(self._connection.is_open)

    @property
    def broker_major(self) -> int:
        """The broker's major version; 0 when it does not say."""
        # The blocking connection does not pass on what the broker said of itself.
        return major_version(self._connection._impl.server_properties)  # noqa: SLF001

    def count(self, queue: str) -> tuple[int, int] | None:
        """Ready tasks and consumers, or None when there is surely no such queue."""
        with self._asking(queue, {}) as channel:
            try:
                found = channel.queue_declare(queue, passive=True).method
            except ChannelClosedByBroker as closed:
                if is_absent(closed.reply_code, closed.reply_text):
                    return None
                raise
        return int(found.message_count), int(found.consumer_count)

    def declare(self, queue: str, arguments: Arguments) -> None:
        """Declare a durable queue. Raises QueueMismatchError when it exists and differs."""
        wanted = {"durable": "'true'"} | {key: f"'{value}'" for key, value in arguments.items()}
        with self._asking(queue, wanted) as channel:
            channel.queue_declare(queue, durable=True, arguments=arguments)

    def delete(self, queue: str, *, if_empty: bool) -> None:
        """Delete a queue; an absent one is fine. Raises QueueError when it is not empty."""
        with self._asking(queue, {}) as channel:
            channel.queue_delete(queue, if_empty=if_empty)

    def close(self) -> None:
        """Say goodbye; a connection that is gone already needs none."""
        if self.usable:
            with self._asking("", {}):
                self._connection.close()

    @contextmanager
    def _asking(self, queue: str, wanted: Mapping[str, str]) -> Iterator[Any]:
        """An open channel; every failure on it becomes a typed error."""
        try:
            if self._channel is None or not self._channel.is_open:
                self._channel = self._connection.channel()
            yield self._channel
        except ChannelClosedByBroker as closed:
            raise refusal(queue, closed.reply_code, closed.reply_text, wanted=wanted) from closed
        except ConnectionClosedByBroker as closed:
            if closed.reply_code in _ABOUT_THE_QUEUE:
                raise refusal(queue, closed.reply_code, closed.reply_text) from closed
            raise connection_error(self._access, closed) from closed
        except ShortStringTooLong as error:
            raise InvalidQueueError(f"queue {queue!r}: a name has at most 255 bytes") from error
        except (AMQPError, OSError) as error:
            raise connection_error(self._access, error) from error
