"""A connection to the broker with the few calls that dead letters need, one after the other.

Letters are taken by a consumer and given back by closing the channel, and by nothing else: a
quorum queue puts back in order what one consumer had, but what came by basic.get in any order, and
what was handed back by basic.nack at its end (seen on RabbitMQ 4.0).
"""

from collections.abc import Callable, Sequence
from typing import Any

from pika.exceptions import ChannelClosedByBroker

from workqueue_operator.broker.link import Link
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.cli.dlq.again import Message
from workqueue_operator.cli.dlq.confirms import Confirms
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError, QueueError

ANSWER_SECONDS = 20.0
CONFIRM_SECONDS = 30.0
QUIET_SECONDS = 1.0
"""After so long without a letter the broker is asked whether there are more."""
STALLED_SECONDS = 20.0


class QueueMissingError(QueueError):
    """There is no such queue."""


class Line:
    """Used by one thread. Every method raises BrokerError when the broker refuses or is gone."""

    def __init__(self, access: Access, via: tuple[str, int] | None = None) -> None:
        """Connect. via: host and port that lead there, instead of the access's own."""
        self._loop = Loop()
        self._refused: BaseException | None = None
        self._about = ""
        self._confirms: Confirms | None = None
        self._alarm = ""  # why the broker takes nothing at the moment
        try:
            self._link = Link(access, self._loop, via=via)
            self._link.connection.add_on_connection_blocked_callback(self._on_blocked)
            self._link.connection.add_on_connection_unblocked_callback(self._on_unblocked)
            self._link.wait_open(stopped=lambda: False)
            self._channel: Any = self._link.connection.channel(on_open_callback=self._woken)
            self._channel.add_on_close_callback(self._on_close)
            self._wait(lambda: bool(self._channel.is_open))
        except BaseException:
            self._loop.close()
            raise

    def waiting(self, queue: str) -> int:
        """How many messages are ready. Raises QueueMissingError."""
        found = self._ask(
            queue, lambda done: self._channel.queue_declare(queue, passive=True, callback=done)
        )
        return int(found.method.message_count)

    def take(self, dead_queue: str, queue: str, count: int) -> Sequence[Letter]:
        """Have so many handed out, or all there are. They are ours until we acknowledge or leave.

        queue: the work queue that they came from.
        """
        found: list[Letter] = []

        def keep(_channel: object, method: Any, properties: Any, body: bytes) -> None:
            letter = Letter(tag=method.delivery_tag, body=body, properties=properties, queue=queue)
            found.append(letter)
            self._loop.stop()

        # Exactly as many as are wanted: what comes after a consumer has left is handed back, and
        # that would put it at the end of the queue.
        self._ask(dead_queue, lambda done: self._channel.basic_qos(0, count, callback=done))
        tag = self._ask(
            dead_queue,
            lambda done: self._channel.basic_consume(dead_queue, keep, callback=done),
        ).method.consumer_tag
        self._fill(dead_queue, found, count)
        self._ask(dead_queue, lambda done: self._channel.basic_cancel(tag, callback=done))
        return found

    def publish(self, queue: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Publish all, and wait for the broker's word on each: True, it has it on disk.

        False: it refused it, or there is no such queue. Raises BrokerError when it said nothing.
        """
        confirms = self._confirming(queue)
        confirms.begin(messages)
        for message in messages:
            # Without `mandatory` the broker confirms what it then throws away.
            self._channel.basic_publish(
                "", queue, message.body, properties=message.properties, mandatory=True
            )
        self._about = queue
        self._wait(lambda: confirms.all_said, CONFIRM_SECONDS)
        return confirms.accepted()

    def acknowledge(self, dead_queue: str, letters: Sequence[Letter]) -> None:
        """Remove these from their queue, and wait until the broker has heard of it."""
        for letter in letters:
            self._channel.basic_ack(letter.tag)
        self.waiting(dead_queue)  # its answer comes after what was sent before it

    def rest(self, seconds: float) -> None:
        """Let time pass, and answer the broker's heartbeats meanwhile."""
        self._loop.run(seconds, until=self._ended)
        self._check()

    def close(self) -> None:
        """Leave: what was not acknowledged is in its place again."""
        self._link.close()
        self._loop.close()

    def _fill(self, dead_queue: str, found: Sequence[Letter], count: int) -> None:
        """Wait for the letters, but not for those that somebody else was given."""
        quiet_seconds = 0.0
        while len(found) < count and quiet_seconds < STALLED_SECONDS:
            before = len(found)
            self._about = dead_queue
            if self._come_true(lambda: len(found) > before, QUIET_SECONDS):  # noqa: B023 - run now
                quiet_seconds = 0.0
                continue
            self._check()
            quiet_seconds += QUIET_SECONDS
            if not self.waiting(dead_queue) and len(found) == before:
                return

    def _confirming(self, queue: str) -> Confirms:
        if self._confirms is None:
            made = Confirms(self._loop.stop)
            self._channel.add_on_return_callback(made.on_return)
            self._ask(
                queue, lambda done: self._channel.confirm_delivery(made.on_confirm, callback=done)
            )
            self._confirms = made
        return self._confirms

    def _ask(self, queue: str, send: Callable[[Callable[[Any], None]], object]) -> Any:
        """Send a request about a queue, and return the answer's frame."""
        self._check()
        self._about, answers = queue, list[Any]()

        def answered(frame: Any) -> None:
            answers.append(frame)
            self._loop.stop()

        send(answered)
        self._wait(lambda: bool(answers))
        return answers[0]

    def _wait(self, done: Callable[[], bool], seconds: float = ANSWER_SECONDS) -> None:
        came_true = self._come_true(done, seconds)
        self._check()
        if not came_true:
            raise self._link.give_up(f"did not answer for {seconds:.0f} s")

    def _come_true(self, done: Callable[[], bool], seconds: float) -> bool:
        return self._loop.run(seconds, until=lambda: done() or self._ended()) and done()

    def _ended(self) -> bool:
        return self._link.lost is not None or self._refused is not None

    def _check(self) -> None:
        if self._link.lost is not None and self._alarm:
            raise BrokerUnreachableError(f"the broker takes no messages: {self._alarm}")
        self._link.check()
        if self._refused is not None:
            raise self._refusal(self._refused)

    def _refusal(self, why: BaseException) -> BrokerError:
        if not isinstance(why, ChannelClosedByBroker):
            return BrokerUnreachableError(f"the broker ended the channel: {why}")
        if is_absent(why.reply_code, why.reply_text):
            return QueueMissingError(f"there is no queue {self._about!r}")
        return refusal(self._about, why.reply_code, why.reply_text)

    def _on_blocked(self, _: object, frame: Any) -> None:
        self._alarm = str(frame.method.reason)

    def _on_unblocked(self, *_: object) -> None:
        self._alarm = ""

    def _woken(self, _: object) -> None:
        self._loop.stop()

    def _on_close(self, _: object, why: BaseException) -> None:
        self._refused = why
        self._loop.stop()
