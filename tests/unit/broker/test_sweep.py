"""The sweep over a broker that is a few lines long: who waits for whom, and for how long."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from pika.exceptions import ChannelClosedByBroker, NoFreeChannels, ShortStringTooLong

from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.sweep import Sweeper, lanes_for
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError
from workqueue_operator.core.readings import Known, Missing, Unknown


class FakeChannel:
    """Answers from the loop, as pika does; a queue of `silent` never gets an answer."""

    def __init__(self, broker: "FakeConnection", on_open: Callable[[Any], None]) -> None:
        self._broker = broker
        self._on_close: Callable[[Any, BaseException], None]
        self.is_open = False
        self.is_closed = False
        if not broker.dead:
            broker.later(lambda: self._opened(on_open))

    def add_on_close_callback(self, callback: Callable[[Any, BaseException], None]) -> None:
        self._on_close = callback

    def queue_declare(self, queue: str, *, passive: bool, callback: Callable[[Any], None]) -> None:
        assert passive, "a monitor never declares"
        if len(queue) > 255:
            raise ShortStringTooLong(queue)
        self._broker.asked.append(queue)
        if queue in self._broker.silent or self._broker.dead:
            return
        if queue in self._broker.absent:
            self._broker.later(self._refuse)
            return
        method = SimpleNamespace(message_count=3, consumer_count=1)
        self._broker.later(lambda: callback(SimpleNamespace(method=method)))

    def close(self) -> None:
        self.is_open = False

    def _opened(self, on_open: Callable[[Any], None]) -> None:
        self.is_open = True
        on_open(self)

    def _refuse(self) -> None:
        self.is_open, self.is_closed = False, True
        self._on_close(self, ChannelClosedByBroker(404, "NOT_FOUND - no queue 'q' in vhost '/'"))


class FakeConnection:
    def __init__(self, loop: Loop, *, channel_max: int = 2047) -> None:
        self._loop = loop
        self._channel_max = channel_max
        self.is_open = True
        self.dead = False
        self.silent: set[str] = set()
        self.absent: set[str] = set()
        self.asked: list[str] = []
        self.channels = 0

    def later(self, callback: Callable[[], None]) -> None:
        self._loop.ioloop.add_callback_threadsafe(callback)

    def channel(self, *, on_open_callback: Callable[[Any], None]) -> FakeChannel:
        if self.channels >= self._channel_max:
            raise NoFreeChannels
        self.channels += 1
        return FakeChannel(self, on_open_callback)


class FakeLink:
    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.lost: BrokerError | None = None

    def check(self) -> None:
        if self.lost is not None:
            raise self.lost

    def give_up(self, why: str) -> BrokerError:
        self.lost = BrokerUnreachableError(why)
        return self.lost


class Scene:
    def __init__(self, *, answer_seconds: float = 5.0, channel_max: int = 2047) -> None:
        self.loop = Loop()
        self.broker = FakeConnection(self.loop, channel_max=channel_max)
        self.link = FakeLink(self.broker)
        self.sweeper = Sweeper(
            self.link, self.loop, stopped=lambda: False, answer_seconds=answer_seconds
        )


MakeScene = Callable[..., Scene]


@pytest.fixture
def scene_of() -> Iterator[MakeScene]:
    """Makes scenes, and closes their loops."""
    scenes: list[Scene] = []

    def make(*, answer_seconds: float = 5.0, channel_max: int = 2047) -> Scene:
        scenes.append(Scene(answer_seconds=answer_seconds, channel_max=channel_max))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.loop.close()


def names(count: int) -> list[str]:
    return [f"q{index}" for index in range(count)]


def test_every_queue_is_asked_once_over_a_few_channels_that_are_kept(scene_of: MakeScene) -> None:
    scene = scene_of()

    first = scene.sweeper.sweep(names(300))
    opened = scene.broker.channels
    second = scene.sweeper.sweep(names(300))

    assert set(first) == set(second) == set(names(300))
    assert all(isinstance(one, Known) and one.ready == 3 for one in first.values())
    assert len(scene.broker.asked) == 600
    assert opened == lanes_for(300) == 30
    assert scene.broker.channels == opened


def test_a_missing_queue_costs_one_channel_and_no_other_reading(scene_of: MakeScene) -> None:
    scene = scene_of()
    scene.broker.absent = {"q7"}

    readings = scene.sweeper.sweep(names(50))

    assert isinstance(readings["q7"], Missing)
    assert sum(isinstance(one, Known) for one in readings.values()) == 49
    assert scene.broker.channels == lanes_for(50) + 1


def test_a_silent_queue_holds_up_nobody_and_ends_as_unknown(scene_of: MakeScene) -> None:
    # Given one queue of three, read over one channel, that does not answer
    scene = scene_of(answer_seconds=0.6)
    scene.broker.silent = {"q0"}

    # When it is swept, then the others are there long before its time is over
    began = time.monotonic()
    assert set(scene.sweeper.sweep(names(3))) == {"q1", "q2"}
    assert time.monotonic() - began < 0.6

    # And it is not asked again while it is being asked
    assert set(scene.sweeper.sweep(names(3))) == {"q1", "q2"}
    assert scene.broker.asked.count("q0") == 1

    # And once its time is over, it is unknown, its channel is dropped, and it is asked anew
    time.sleep(0.6)
    readings = scene.sweeper.sweep(names(3))
    silent = readings["q0"]
    assert isinstance(silent, Unknown)
    assert silent.reason == "NoAnswer"
    scene.broker.silent = set()
    assert isinstance(scene.sweeper.sweep(names(3))["q0"], Known)


def test_a_connection_that_opens_no_channel_is_given_up(scene_of: MakeScene) -> None:
    scene = scene_of(answer_seconds=0.4)
    assert scene.sweeper.sweep(names(2))
    scene.broker.dead = True

    began = time.monotonic()
    while scene.link.lost is None and time.monotonic() - began < 3:
        with suppress(BrokerUnreachableError):
            scene.sweeper.sweep(names(2))

    with pytest.raises(BrokerUnreachableError, match="did not answer"):
        scene.sweeper.sweep(names(2))


def test_a_broker_that_allows_few_channels_is_read_over_those(scene_of: MakeScene) -> None:
    scene = scene_of(channel_max=2)
    assert len(scene.sweeper.sweep(names(100))) == 100
    assert scene.broker.channels == 2


def test_a_name_that_amqp_cannot_say_is_unknown(scene_of: MakeScene) -> None:
    scene = scene_of()
    readings = scene.sweeper.sweep(["x" * 300, *names(2)])
    assert len(readings) == 3
    unsayable = readings["x" * 300]
    assert isinstance(unsayable, Unknown)
    assert unsayable.reason == "InvalidQueue"


def test_a_broker_that_allows_no_channel_is_given_up(scene_of: MakeScene) -> None:
    with pytest.raises(BrokerUnreachableError, match="no channel"):
        scene_of(channel_max=0).sweeper.sweep(names(1))


@pytest.mark.parametrize(
    ("queues", "lanes"), [(0, 1), (1, 1), (10, 1), (11, 2), (300, 30), (1000, 100), (9999, 100)]
)
def test_lanes_grow_with_the_queues_up_to_a_limit(queues: int, lanes: int) -> None:
    assert lanes_for(queues) == lanes
