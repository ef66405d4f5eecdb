"""One connection, one channel, one consumer. When any of them ends, all end; none is reused."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from workqueue_worker.message import Delivery
from workqueue_worker.settings import Settings
from workqueue_worker.troubles import EXPECTED, ChannelLostError, ConsumerLostError

log = logging.getLogger(__name__)

STABLE_SECONDS = 10.0

FIRST_THAT_COUNTS_NO_NACK = (4, 3)
"""From this version of RabbitMQ on, a delivery that is handed back is none that failed."""

TIMEOUT_MARGIN_SECONDS = 300
"""For what comes after the hard limit: publishing the failure, to a broker that may be slow."""
LONGEST_TIMEOUT_MS = 2**32 - 1
"""The longest that a timer of the broker's runs."""


class Subscription:
    """Used by the thread that made it, and by no other."""

    def __init__(
        self,
        settings: Settings,
        on_delivery: Callable[[Delivery], None],
        connect: Callable[[], Any],
    ) -> None:
        """Connect, and look whether the queue is there (only the operator declares it).

        Raises:
            troubles.EXPECTED: in all their kinds.
        """
        self._settings = settings
        self._on_delivery = on_delivery
        self._connection = connect()
        self.held: set[Delivery] = set()
        self.consuming = False
        self._consuming_since = 0.0
        try:
            self._channel = self._connection.channel()
            self._channel.queue_declare(settings.queue, passive=True)
            request = self._connection._request_channel_dispatch  # noqa: SLF001 - see wake()
            self._end_turn = partial(request, -self._channel.channel_number)
            self._nacks_count = nacks_count(_version(self._connection))
        except BaseException:
            self.close()
            raise

    def consume(self) -> None:
        """Ask for deliveries. Prefetch is per consumer: quorum queues refuse the global one."""
        self._channel.basic_qos(prefetch_count=self._settings.prefetch)
        self._channel.basic_consume(
            self._settings.queue,
            self._deliver,
            consumer_tag=self._settings.pod_name,
            arguments={"x-consumer-timeout": consumer_timeout_ms(self._settings)},
        )
        self.consuming = True
        self._consuming_since = time.monotonic()

    def turn(self, seconds: float) -> None:
        """Serve the connection: heartbeats, deliveries. Comes back early if there was anything.

        Raises:
            troubles.EXPECTED: the connection, the channel or the consumer is gone. The last two
                say nothing by themselves: the library would wait with us for ever.
        """
        self._connection.process_data_events(seconds)
        if not self._channel.is_open:
            # No public name for it, and the broker's words tell people what happened.
            reason = getattr(self._channel, "_closing_reason", None)
            raise ChannelLostError(f"the broker closed the channel: {reason}")
        if self.consuming and not self._channel.consumer_tags:
            raise ConsumerLostError(
                f"the broker cancelled the consumer of {self._settings.queue!r}: the queue was "
                "deleted, its node left, or a task was held for too long"
            )

    def wake(self) -> None:
        """End the turn that is under way. The one call that other threads may make.

        Not add_callback_threadsafe: that takes two more rounds of the library's loop, which is a
        tenth of a millisecond for each task. Once the connection has ended, this does nothing.
        """
        self._connection._impl.ioloop.add_callback_threadsafe(self._end_turn)  # noqa: SLF001

    def owns(self, delivery: Delivery) -> bool:
        """Whether a word about this delivery may still be said.

        Tags count from 1 on every channel: said on another one it would settle another task.
        """
        return delivery in self.held and delivery.channel is self._channel and self.is_open

    @property
    def was_stable(self) -> bool:
        """Whether it was a good one, so that the next loss is no part of the last trouble."""
        return self.consuming and time.monotonic() - self._consuming_since > STABLE_SECONDS

    @property
    def is_open(self) -> bool:
        return bool(self._channel.is_open)

    def acknowledge(self, delivery: Delivery) -> None:
        self.held.discard(delivery)
        self._channel.basic_ack(delivery.tag)

    def hand_back(self, delivery: Delivery) -> None:
        """Nack, not reject: from 4.3 on only the latter counts towards a delivery limit."""
        self.held.discard(delivery)
        self._channel.basic_nack(delivery.tag, requeue=True)

    def cancel(self) -> None:
        """Ask for no more deliveries. What has arrived is delivered first, to be handed back."""
        if not self.consuming:
            return
        self.turn(0)
        self.consuming = False
        self._channel.basic_cancel(self._settings.pod_name)

    def lose(self) -> None:
        """Tell every task held that its result can no longer be said, and close what is left."""
        for delivery in self.held:
            delivery.lost.set()
        self.held.clear()
        self.close()

    def close(self) -> None:
        if self._connection.is_open:
            with contextlib.suppress(*EXPECTED):  # it ended by itself at this moment
                self._connection.close()

    def _deliver(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        delivery = Delivery(
            channel=channel,
            tag=method.delivery_tag,
            body=body,
            properties=properties,
            redelivered=bool(method.redelivered),
            nacks_count=self._nacks_count,
        )
        self.held.add(delivery)
        self._on_delivery(delivery)


def _nothing() -> None:
    """Called in the connection's thread, where only the waking up matters."""


def consumer_timeout_ms(settings: Settings) -> int:
    """How long the broker shall wait for an acknowledgement (heeded from 4.3 on, in quorum queues).

    The last of the prefetched tasks is held while all before it are at work.
    """
    longest_seconds = settings.task_timeout_seconds * settings.prefetch + TIMEOUT_MARGIN_SECONDS
    return min(longest_seconds * 1000, LONGEST_TIMEOUT_MS)


def nacks_count(version: str) -> bool:
    """Whether a quorum queue of that broker counts hand-backs as failed deliveries.

    A version that is not understood counts: publishing a task again is right in any case.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return not numbers or (int(numbers[1]), int(numbers[2])) < FIRST_THAT_COUNTS_NO_NACK


def _version(connection: Any) -> str:
    # What the broker said of itself has no public name in the blocking adapter.
    said = connection._impl.server_properties or {}  # noqa: SLF001
    return str(said.get("version", ""))
