"""The sweep with many questions on one channel: what a refusal or a silence in it costs."""

import time
from contextlib import suppress

import pytest
from pika import SelectConnection

from unit.broker.conftest import MakeScene
from unit.broker.short_broker import PipingConnection, ShortConnection, ShortLink, names
from workqueue_operator.broker import passive
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.pipe import WINDOW
from workqueue_operator.broker.sweep import Sweeper
from workqueue_operator.core.errors import BrokerUnreachableError
from workqueue_operator.core.readings import Known, Missing, Unknown


def test_pika_still_lets_many_questions_fly() -> None:
    # When this fails, pika has changed: reading goes on, three times as dear, over lanes.
    connection = object.__new__(SelectConnection)
    assert passive.trouble(connection) is None


class OtherArguments(ShortConnection):
    def _output_marshaled_frames(self, *frames: bytes) -> None:
        raise AssertionError(frames)


class NoCall(ShortConnection):
    _output_marshaled_frames = None


@pytest.mark.parametrize("kind", [ShortConnection, OtherArguments, NoCall])
def test_another_pika_is_told_by_its_looks(kind: type[ShortConnection]) -> None:
    loop = Loop()
    assert "pika" in str(passive.trouble(kind(loop)))
    loop.close()


class LaterPika(ShortConnection):
    def _output_marshaled_frames(self, frames_of_later: list[bytes]) -> None:
        raise AssertionError(frames_of_later)


def test_with_another_pika_all_is_read_and_one_line_says_what_it_costs(
    scene_of: MakeScene, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scene_of()
    for _ in range(2):
        link = ShortLink(LaterPika(scene.loop))
        sweeper = Sweeper(link, scene.loop, stopped=lambda: False)
        for _ in range(2):
            assert len(sweeper.sweep(names(20))) == 20
    (line,) = [line for line in caplog.messages if "frames_of_later" in line]
    assert "three times as much" in line


def test_queues_that_answered_well_share_one_channel(piping_scene_of: MakeScene) -> None:
    # Given 1,000 queues that were read once, over lanes
    scene = piping_scene_of()
    assert isinstance(scene.broker, PipingConnection)
    scene.sweeper.sweep(names(1000))
    assert scene.broker.writes == 0
    opened = len(scene.broker.channels)

    # When they are read again, twice
    for _ in range(2):
        readings = scene.sweeper.sweep(names(1000))

    # Then that took one channel more, and few writes
    assert set(readings) == set(names(1000))
    assert all(isinstance(one, Known) and one.ready == 3 for one in readings.values())
    assert len(scene.broker.channels) == opened + 1
    assert scene.broker.writes <= 2 * 1000 / (WINDOW / 2)
    assert len(scene.broker.asked) == 3000


def test_a_queue_that_has_gone_takes_no_other_reading_with_it(piping_scene_of: MakeScene) -> None:
    # Given 1,000 queues that share a channel, of which one is deleted
    scene = piping_scene_of()
    for _ in range(2):
        scene.sweeper.sweep(names(1000))
    scene.broker.absent = {"q500"}

    # When they are swept, then only that one is missing, and those behind it were asked again
    readings = scene.sweeper.sweep(names(1000))
    assert isinstance(readings["q500"], Missing)
    assert sum(isinstance(one, Known) for one in readings.values()) == 999
    assert len(scene.broker.asked) <= 3000 + WINDOW

    # And from then on it costs a lane, and the channel of the others is left alone
    before = len(scene.broker.channels)
    for _ in range(3):
        assert isinstance(scene.sweeper.sweep(names(1000))["q500"], Missing)
    assert len(scene.broker.channels) <= before + 3


def test_all_queues_that_go_at_once_cost_each_question_once_more(
    piping_scene_of: MakeScene,
) -> None:
    scene = piping_scene_of()
    for _ in range(2):
        scene.sweeper.sweep(names(1000))
    scene.broker.absent = set(names(1000))
    scene.broker.asked.clear()

    readings = scene.sweeper.sweep(names(1000))

    assert sum(isinstance(one, Missing) for one in readings.values()) == 1000
    assert len(scene.broker.asked) <= 2 * 1000


def test_a_silent_queue_in_the_pipe_holds_up_the_others_for_a_moment(
    piping_scene_of: MakeScene,
) -> None:
    # Given queues that share a channel, of which one falls silent
    scene = piping_scene_of(answer_seconds=1.0)
    for _ in range(2):
        scene.sweeper.sweep(names(100))
    scene.broker.silent = {"q50"}

    # When they are swept, then the others are there soon
    began = time.monotonic()
    assert set(scene.sweeper.sweep(names(100))) == set(names(100)) - {"q50"}
    assert time.monotonic() - began < 0.9

    # And from then on nobody waits for it
    began = time.monotonic()
    assert set(scene.sweeper.sweep(names(100))) == set(names(100)) - {"q50"}
    assert time.monotonic() - began < 0.8

    # And it ends as unknown, and is known again once it answers
    time.sleep(1.0)
    silent = scene.sweeper.sweep(names(100))["q50"]
    assert isinstance(silent, Unknown)
    assert silent.reason == "NoAnswer"
    scene.broker.speak()
    assert isinstance(scene.sweeper.sweep(names(100))["q50"], Known)


def test_answers_about_other_queues_than_asked_are_not_believed(
    piping_scene_of: MakeScene,
) -> None:
    scene = piping_scene_of()
    for _ in range(2):
        scene.sweeper.sweep(names(10))
    scene.broker.misnamed = {"q3": "q4"}
    scene.broker.asked.clear()
    assert set(scene.sweeper.sweep(names(10))) == set(names(10))
    assert scene.broker.asked.count("q3") == 2, "it was asked again, alone"


def test_a_connection_that_falls_silent_in_the_pipe_is_given_up(
    piping_scene_of: MakeScene,
) -> None:
    scene = piping_scene_of(answer_seconds=0.4)
    for _ in range(2):
        scene.sweeper.sweep(names(20))
    scene.broker.dead = True

    began = time.monotonic()
    while scene.link.lost is None and time.monotonic() - began < 3:
        with suppress(BrokerUnreachableError):
            scene.sweeper.sweep(names(20))

    assert scene.link.lost is not None
    assert "did not answer" in str(scene.link.lost)


def test_a_broker_that_allows_no_more_channels_is_read_over_the_lanes(
    piping_scene_of: MakeScene,
) -> None:
    scene = piping_scene_of(channel_max=1)
    for _ in range(3):
        assert len(scene.sweeper.sweep(names(50))) == 50
    assert len(scene.broker.channels) == 1


def test_a_queue_that_is_forgotten_begins_anew(piping_scene_of: MakeScene) -> None:
    scene = piping_scene_of()
    assert isinstance(scene.broker, PipingConnection)
    scene.sweeper.sweep(names(2))
    scene.sweeper.forget(names(2))
    scene.sweeper.sweep(names(2))
    assert scene.broker.writes == 0
