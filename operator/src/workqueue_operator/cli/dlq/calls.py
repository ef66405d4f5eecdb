"""A connection and its one channel, on which one thing is asked after the other."""

from collections.abc import Callable
from typing import Any

from pika.exceptions import ChannelClosedByBroker

from workqueue_operator.broker.link import Link
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError, QueueError

ANSWER_SECONDS = 20.0


class QueueMissingError(QueueError):
    """There is no such queue."""


class Calls:
    """Used by one thread. Every method raises BrokerError when the broker refuses or is gone."""

    def __init__(self, access: Access, via: tuple[str, int] | None = None) -> None:
        """Connect. via: host and port that lead there, instead of the access's own."""
        self._loop = Loop()
        self._refused: BaseException | None = None
        self._about = ""
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

    def rest(self, seconds: float) -> None:
        """Let time pass, and answer the broker's heartbeats meanwhile."""
        self._loop.run(seconds, until=self._ended)
        self._check()

    def close(self) -> None:
        """Leave: what was not acknowledged is in its place again."""
        self._link.close()
        self._loop.close()

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
