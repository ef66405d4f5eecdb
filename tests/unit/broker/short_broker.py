"""A broker that is a few lines long, for the sweep: it answers from the loop, as pika does."""

from collections import deque
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from pika import frame, spec
from pika.exceptions import ChannelClosedByBroker, NoFreeChannels, ShortStringTooLong

from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.sweep import Sweeper
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError

MISSING = ChannelClosedByBroker(404, "NOT_FOUND - no queue 'q' in vhost '/'")


class ShortChannel:
    """Answers its questions in their order; one about a silent queue holds up all behind it."""

    def __init__(
        self, broker: "ShortConnection", number: int, on_open: Callable[[Any], None]
    ) -> None:
        self._broker = broker
        self._on_close: Callable[[Any, BaseException], None]
        self._on_declared: Callable[[Any], None]
        self._questions: deque[tuple[str, Callable[[Any], None]]] = deque()
        self._answering = False
        self.channel_number = number
        self.is_open = False
        self.is_closed = False
        if not broker.dead:
            broker.later(lambda: self._opened(on_open))

    def add_on_close_callback(self, callback: Callable[[Any, BaseException], None]) -> None:
        self._on_close = callback

    def add_callback(
        self, callback: Callable[[Any], None], replies: Sequence[type], *, one_shot: bool
    ) -> None:
        assert list(replies) == [spec.Queue.DeclareOk]
        assert not one_shot
        self._on_declared = callback

    def queue_declare(self, queue: str, *, passive: bool, callback: Callable[[Any], None]) -> None:
        assert passive, "a monitor never declares"
        if len(queue) > 255:
            raise ShortStringTooLong(queue)
        self._ask(queue, callback)

    def pipe_declare(self, method: spec.Queue.Declare) -> None:
        assert method.passive, "a monitor never declares"
        self._ask(method.queue, self._on_declared)

    def close(self) -> None:
        self.is_open = False

    def _ask(self, queue: str, callback: Callable[[Any], None]) -> None:
        self._broker.asked.append(queue)
        self._questions.append((queue, callback))
        self.go_on()

    def go_on(self) -> None:
        """Answer the next question, if one waits whose queue is not silent."""
        if self._answering or self._broker.dead or not self._questions:
            return
        if self._questions[0][0] not in self._broker.silent:
            self._answering = True
            self._broker.later(self._answer)

    def _answer(self) -> None:
        self._answering = False
        if self.is_closed:
            return
        queue, callback = self._questions.popleft()
        if queue in self._broker.absent:
            self.is_open, self.is_closed = False, True
            self._on_close(self, MISSING)
            return
        said = self._broker.misnamed.get(queue, queue)
        method = SimpleNamespace(queue=said, message_count=3, consumer_count=1)
        callback(SimpleNamespace(method=method))
        self.go_on()

    def _opened(self, on_open: Callable[[Any], None]) -> None:
        self.is_open = True
        on_open(self)


class ShortConnection:
    """Without pika's private way to hand over frames: one question per channel."""

    def __init__(self, loop: Loop, *, channel_max: int = 2047) -> None:
        self._loop = loop
        self._channel_max = channel_max
        self.is_open = True
        self.dead = False
        self.silent: set[str] = set()
        self.absent: set[str] = set()
        self.misnamed: dict[str, str] = {}
        self.asked: list[str] = []
        self.channels: list[ShortChannel] = []

    def later(self, callback: Callable[[], None]) -> None:
        self._loop.ioloop.add_callback_threadsafe(callback)

    def speak(self) -> None:
        """No queue is silent any more; what was asked of one is answered now."""
        self.silent = set()
        for channel in self.channels:
            channel.go_on()

    def channel(self, *, on_open_callback: Callable[[Any], None]) -> ShortChannel:
        if len(self.channels) >= self._channel_max:
            raise NoFreeChannels
        self.channels.append(ShortChannel(self, len(self.channels) + 1, on_open_callback))
        return self.channels[-1]


class PipingConnection(ShortConnection):
    """With it."""

    writes = 0

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        self.writes += 1
        data = b"".join(marshaled_frames)
        while data:
            length, one = frame.decode_frame(data)
            assert isinstance(one, frame.Method)
            self.channels[one.channel_number - 1].pipe_declare(one.method)
            data = data[length:]


class ShortLink:
    def __init__(self, connection: ShortConnection) -> None:
        self.connection = connection
        self.lost: BrokerError | None = None

    def check(self) -> None:
        if self.lost is not None:
            raise self.lost

    def give_up(self, why: str) -> BrokerError:
        self.lost = BrokerUnreachableError(why)
        return self.lost


class Scene:
    """A sweeper and its broker. Close the loop at the end."""

    def __init__(
        self, *, pipes: bool, answer_seconds: float = 5.0, channel_max: int = 2047
    ) -> None:
        self.loop = Loop()
        kind = PipingConnection if pipes else ShortConnection
        self.broker = kind(self.loop, channel_max=channel_max)
        self.link = ShortLink(self.broker)
        self.sweeper = Sweeper(
            self.link, self.loop, stopped=lambda: False, answer_seconds=answer_seconds
        )


def names(count: int) -> list[str]:
    return [f"q{index}" for index in range(count)]
