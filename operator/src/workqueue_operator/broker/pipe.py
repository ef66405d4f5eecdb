"""One channel with many questions in flight, answered in the order in which they were asked."""

import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from pika import spec
from pika.exceptions import ChannelClosedByBroker

from workqueue_operator.broker import passive
from workqueue_operator.broker.lane import counted, refused_reading
from workqueue_operator.core.readings import Reading

# More in flight spares no more work, and all of them are lost when one is refused.
WINDOW = 200


class PipeOwner(Protocol):
    """Who hears what a pipe learns."""

    def heard(self, queue: str, reading: Reading, *, slow: bool) -> None:
        """The answer about one queue."""
        ...

    def drained(self) -> None:
        """Every question is answered."""
        ...

    def broken(self) -> None:
        """The channel is of no use any more."""
        ...


class Pipe:
    """Asks for queues that are expected to answer well: a refusal loses all questions behind it."""

    def __init__(self, owner: PipeOwner, connection: Any) -> None:
        self._owner = owner
        self._connection = connection
        self._waiting: deque[str] = deque()
        self._flying: deque[str] = deque()
        self._left = False
        self.since = time.monotonic()
        self.opening = True
        self._channel = connection.channel(on_open_callback=self._on_open)
        self._channel.add_callback(self._on_declared, [spec.Queue.DeclareOk], one_shot=False)
        self._channel.add_on_close_callback(self._on_close)

    @property
    def gone(self) -> bool:
        """Has the broker agreed that the channel is closed?"""
        return bool(self._channel.is_closed)

    @property
    def idle(self) -> bool:
        """Is there nothing to ask, and nothing asked?"""
        return not self._waiting and not self._flying

    def silent_seconds(self, now: float) -> float:
        """For how long it has owed an answer, or its opening."""
        return now - self.since if self._flying or self.opening else 0.0

    def ask(self, queues: Iterable[str]) -> None:
        """Ask for these, too."""
        self._waiting.extend(queues)
        if self._channel.is_open:
            self._flow()

    def leave(self) -> tuple[list[str], list[str]]:
        """Hear no more answers. Returns the queues that were asked for, and those that were not."""
        self._left = True
        if self._channel.is_open:
            self._channel.close()
        asked, unasked = list(self._flying), list(self._waiting)
        self._flying.clear()
        self._waiting.clear()
        return asked, unasked

    def _flow(self) -> None:
        """Fill the window again once half of it is free: many questions go out in one write."""
        if not self._waiting or len(self._flying) > WINDOW // 2:
            return
        count = min(len(self._waiting), WINDOW - len(self._flying))
        queues = [self._waiting.popleft() for _ in range(count)]
        if not self._flying:
            self.since = time.monotonic()
        self._flying.extend(queues)
        passive.send(self._connection, self._channel.channel_number, queues)

    def _on_open(self, _: object) -> None:
        self.opening = False
        self._flow()

    def _on_declared(self, answer: Any) -> None:
        if self._left:
            return
        if not self._flying or self._flying[0] != answer.method.queue:
            # Never seen. Readings of one queue must not be told of another.
            self._owner.broken()
            return
        reading = counted(answer.method)
        self.since = reading.at
        self._owner.heard(self._flying.popleft(), reading, slow=False)
        self._flow()
        if not self._flying:
            self._owner.drained()

    def _on_close(self, _: object, why: BaseException) -> None:
        if self._left or not isinstance(why, ChannelClosedByBroker):
            return  # the whole connection is going, and the link tells that
        if self._flying:
            queue = self._flying.popleft()
            reading = refused_reading(queue, why.reply_code, why.reply_text)
            self._owner.heard(queue, reading, slow=False)
        self._owner.broken()
