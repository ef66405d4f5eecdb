"""One channel that asks for one queue after the other, with one question in flight."""

import time
from typing import Any, Protocol

from pika.exceptions import ChannelClosedByBroker, ShortStringTooLong

from workqueue_operator.broker.refusals import is_absent, refusal
from workqueue_operator.core.errors import InvalidQueueError
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown


class Course(Protocol):
    """Where a lane gets its questions, and takes its answers."""

    def next_queue(self) -> str | None:
        """The next queue to ask for, or None."""
        ...

    def asked(self, lane: "Lane") -> None:
        """The question about lane.queue is in flight."""
        ...

    def answered(self, lane: "Lane", reading: Reading) -> None:
        """The answer about lane.queue, of whatever kind."""
        ...

    def rests(self, lane: "Lane") -> None:
        """The lane has nothing to do."""
        ...

    def closed(self, lane: "Lane") -> None:
        """The broker closed the channel, as it does after every refusal."""
        ...


class HasGone(Protocol):
    """A channel that was left."""

    @property
    def gone(self) -> bool:
        """Has the broker agreed that it is closed?"""
        ...


class Lane:
    """One channel with one question in flight."""

    def __init__(self, course: Course, connection: Any) -> None:
        self._course = course
        self.queue: str | None = None
        self.since = time.monotonic()
        self.told = self.since  # when it was last said that there is no answer
        self.opening = True
        self.slow = False
        self._left = False
        self._channel = connection.channel(on_open_callback=self._on_open)
        self._channel.add_on_close_callback(self._on_close)

    @property
    def gone(self) -> bool:
        """Has the broker agreed that the channel is closed?"""
        return bool(self._channel.is_closed)

    def feed(self) -> None:
        """Ask for the next queue, if there is one."""
        queue = self._course.next_queue()
        if queue is None:
            self._course.rests(self)
            return
        self.queue, self.since = queue, time.monotonic()
        self.told = self.since
        self._course.asked(self)
        try:
            self._channel.queue_declare(queue, passive=True, callback=self._on_declared)
        except ShortStringTooLong:
            why = "a queue's name has at most 255 bytes"
            reading = Unknown(reason=InvalidQueueError.reason, why=why, at=self.since)
            self._course.answered(self, reading)
            self.feed()

    def leave(self) -> None:
        """Close a channel that does not answer; whatever it still says is not heard."""
        self._left = True
        if self._channel.is_open:
            self._channel.close()

    def _on_open(self, _: object) -> None:
        self.opening = False
        self.feed()

    def _on_declared(self, frame: Any) -> None:
        if self._left:
            return
        self._course.answered(self, counted(frame.method))
        self.feed()

    def _on_close(self, _: object, why: BaseException) -> None:
        if self._left or not isinstance(why, ChannelClosedByBroker):
            return  # the whole connection is going, and the link tells that
        if self.queue is not None:
            reading = refused_reading(self.queue, why.reply_code, why.reply_text)
            self._course.answered(self, reading)
        self._course.closed(self)


def counted(method: Any) -> Known:
    """What a pika.spec.Queue.DeclareOk says."""
    return Known(
        ready=method.message_count,
        consumers=method.consumer_count,
        unacked=None,
        at=time.monotonic(),
    )


def refused_reading(queue: str, code: int, text: str) -> Reading:
    """Missing only on the broker's sure word; every other refusal leaves the queue unknown."""
    now = time.monotonic()
    if is_absent(code, text):
        return Missing(why=text, at=now)
    error = refusal(queue, code, text)
    return Unknown(reason=error.reason, why=str(error), at=now)
