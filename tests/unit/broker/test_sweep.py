"""The sweep over lanes: who waits for whom, and for how long."""

import time
from contextlib import suppress

import pytest

from unit.broker.conftest import MakeScene
from unit.broker.short_broker import names
from workqueue_operator.broker.lanes import lanes_for
from workqueue_operator.core.errors import BrokerUnreachableError
from workqueue_operator.core.readings import Known, Missing, Unknown


def test_every_queue_is_asked_once_over_a_few_channels_that_are_kept(scene_of: MakeScene) -> None:
    scene = scene_of()

    first = scene.sweeper.sweep(names(300))
    opened = len(scene.broker.channels)
    second = scene.sweeper.sweep(names(300))

    assert set(first) == set(second) == set(names(300))
    assert all(isinstance(one, Known) and one.ready == 3 for one in first.values())
    assert len(scene.broker.asked) == 600
    assert opened == lanes_for(300) == 30
    assert len(scene.broker.channels) == opened


def test_a_missing_queue_costs_one_channel_and_no_other_reading(scene_of: MakeScene) -> None:
    scene = scene_of()
    scene.broker.absent = {"q7"}

    readings = scene.sweeper.sweep(names(50))

    assert isinstance(readings["q7"], Missing)
    assert sum(isinstance(one, Known) for one in readings.values()) == 49
    assert len(scene.broker.channels) == lanes_for(50) + 1


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
    scene.broker.speak()
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
    assert len(scene.broker.channels) == 2


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
