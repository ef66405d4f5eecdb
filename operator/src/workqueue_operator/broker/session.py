"""One short conversation with a broker: does a queue exist, declare it, delete it."""

from collections.abc import Callable, Mapping
from typing import Any

from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker, ShortStringTooLong

from workqueue_operator.broker.connection import major_version
from workqueue_operator.broker.link import Link
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import InvalidQueueError
from workqueue_operator.core.queues import Arguments

ANSWER_SECONDS = 5.0
# A cluster without a majority needs 15 s to say that it cannot place a new quorum queue.
DECLARE_SECONDS = 18.0

# Replies that end the connection and are yet about the queue: a question that this type of queue
# does not know, and a cluster that cannot place a new queue.
_ABOUT_THE_QUEUE = frozenset({540, 541})

Send = Callable[[Any, Callable[[Any], None]], None]
"""Sends a request on a channel; the callback gets the answer's frame."""


class Session:
    """A connection with the few calls that Topology needs. Used by one thread at a time."""

    def __init__(self, access: Access) -> None:
        """Connect. Raises BrokerError."""
        self._loop = Loop()
        self._channel: Any = None
        self._refused: BaseException | None = None
        self.resumed = False  # was it lent before? Then it may have died meanwhile.
        try:
            self._link = Link(access, self._loop)
            self._link.wait_open(stopped=lambda: False)
        except BaseException:
            self._loop.close()
            raise

    @property
    def usable(self) -> bool:
        """Can another call be made? A refused call closes its channel alone, and that is fine."""
        return self._link.lost is None

    @property
    def broker_major(self) -> int:
        """The broker's major version; 0 when it does not say."""
        return major_version(self._link.connection.server_properties)

    def count(self, queue: str) -> tuple[int, int] | None:
        """Ready tasks and consumers, or None when there is surely no such queue."""

        def send(channel: Any, answer: Callable[[Any], None]) -> None:
            channel.queue_declare(queue, passive=True, callback=answer)

        try:
            found = self._ask(queue, send).method
        except _AbsentError:
            return None
        return int(found.message_count), int(found.consumer_count)

    def declare(self, queue: str, arguments: Arguments) -> None:
        """Declare a durable queue. Raises QueueMismatchError when it exists and differs."""

        def send(channel: Any, answer: Callable[[Any], None]) -> None:
            channel.queue_declare(queue, durable=True, arguments=arguments, callback=answer)

        # Asking for no type is asking for a classic queue.
        wanted = {"durable": "'true'", "x-queue-type": "'classic'"}
        wanted |= {key: f"'{value}'" for key, value in arguments.items()}
        self._ask(queue, send, wanted=wanted, seconds=DECLARE_SECONDS)

    def delete(self, queue: str, *, if_empty: bool) -> None:
        """Delete a queue; an absent one is fine. Raises InvalidQueueError when it is not empty."""

        def send(channel: Any, answer: Callable[[Any], None]) -> None:
            channel.queue_delete(queue, if_empty=if_empty, callback=answer)

        self._ask(queue, send)

    def close(self) -> None:
        """Say goodbye, within a second."""
        self._link.close()
        self._loop.close()

    def _ask(
        self,
        queue: str,
        send: Send,
        *,
        wanted: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Any:
        """Send a request on an open channel; returns the answer's frame, or raises BrokerError."""
        answers: list[Any] = []

        def answered(frame: Any) -> None:
            answers.append(frame)
            self._loop.stop()

        channel = self._open_channel()
        try:
            send(channel, answered)
        except ShortStringTooLong as error:
            raise InvalidQueueError(f"queue {queue!r}: a name has at most 255 bytes") from error
        self._wait(lambda: bool(answers) or self._refused is not None, seconds)
        if answers:
            return answers[0]
        raise self._refusal(queue, wanted)

    def _open_channel(self) -> Any:
        """The channel of the last request, or a new one if that was refused."""
        self._link.check()
        if self._channel is None or not self._channel.is_open:
            self._refused = None
            self._channel = self._link.connection.channel(
                on_open_callback=lambda _: self._loop.stop()
            )
            self._channel.add_on_close_callback(self._on_close)
            self._wait(lambda: bool(self._channel.is_open), ANSWER_SECONDS)
        self._link.check()
        return self._channel

    def _wait(self, done: Callable[[], bool], seconds: float) -> None:
        if not self._loop.run(seconds, until=lambda: done() or self._link.lost is not None):
            raise self._link.give_up(f"did not answer for {seconds:.0f} s")

    def _refusal(self, queue: str, wanted: Mapping[str, str] | None) -> Exception:
        why = self._refused
        if isinstance(why, ChannelClosedByBroker):
            if is_absent(why.reply_code, why.reply_text):
                return _AbsentError()
            return refusal(queue, why.reply_code, why.reply_text, wanted=wanted)
        if isinstance(why, ConnectionClosedByBroker) and why.reply_code in _ABOUT_THE_QUEUE:
            return refusal(queue, why.reply_code, why.reply_text)
        return self._link.lost or self._link.give_up("closed a channel without a word")

    def _on_close(self, _: object, why: BaseException) -> None:
        self._refused = why
        self._loop.stop()


class _AbsentError(Exception):
    """There is no such queue."""
