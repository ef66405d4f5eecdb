"""What the broker says of a window of messages. Pure but for pika's frames."""

from collections.abc import Callable, Sequence
from typing import Any

from pika import spec

from workqueue_operator.cli.dlq.again import Message


class Confirms:
    """Counts the broker's words, which come in any order and may be said of many at once."""

    def __init__(self, said: Callable[[], None]) -> None:
        """said: called when all of the window is known."""
        self._said = said
        self._first = 1  # the delivery tag of the window's first message
        self._messages: Sequence[Message] = ()
        self._words: dict[int, bool] = {}
        self._returned: set[int] = set()

    def begin(self, messages: Sequence[Message]) -> None:
        """These are published next, in this order. All before them are known."""
        self._first += len(self._messages)
        self._messages = messages
        self._words, self._returned = {}, set()

    @property
    def all_said(self) -> bool:
        """Whether there is a word on each."""
        return len(self._words) == len(self._messages)

    def accepted(self) -> Sequence[bool]:
        """Of each message, whether the broker has it."""
        tags = range(self._first, self._first + len(self._messages))
        return [self._words.get(tag, False) and tag not in self._returned for tag in tags]

    def on_confirm(self, frame: Any) -> None:
        """pika's callback: Basic.Ack or Basic.Nack."""
        tag, good = frame.method.delivery_tag, isinstance(frame.method, spec.Basic.Ack)
        first = self._first if frame.method.multiple else tag
        for each in range(first, tag + 1):
            self._words.setdefault(each, good)
        if self.all_said:
            self._said()

    def on_return(self, _channel: object, _method: object, properties: Any, body: bytes) -> None:
        """pika's callback: no queue took this one, which is confirmed all the same.

        Two that are alike to the last byte cannot be told apart, and need not be.
        """
        for tag, message in enumerate(self._messages, start=self._first):
            alike = message.properties.message_id == properties.message_id and message.body == body
            if alike and tag not in self._returned:
                self._returned.add(tag)
                return
