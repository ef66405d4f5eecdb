"""What pods say, compared with what they said before."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from unit.controller.floor import Floor, first
from workqueue_operator.controller.counters import ASKED_AT_MOST, Choose, Counters
from workqueue_operator.ports import BusyAnswer


def counters() -> Counters:
    return Counters(due=0.0, finished_at=0.0)


class Story:
    """Workers that are asked again and again."""

    def __init__(self) -> None:
        self.floor, self.counters = Floor(), counters()

    def asked(self, choose: Choose = first) -> list[str]:
        """Ask those whose turn it is; returns who it was."""
        pods = self.counters.to_ask(list(self.floor.pods.values()), choose)
        list(self.counters.finished(pods, self.floor.answers(), whole=False))
        return [pod.name for pod in pods]

    def finished(self, *, whole: bool = False) -> list[tuple[int, float]]:
        """Ask those whose turn it is; returns what they have finished."""
        pods = self.counters.to_ask(list(self.floor.pods.values()), first)
        return list(self.counters.finished(pods, self.floor.answers(), whole=whole))

    def starts(self) -> list[float]:
        """What is learned of starts."""
        pods = list(self.floor.pods.values())
        return list(self.counters.starts(pods, now=self.floor.clock.now()))


def test_what_a_worker_did_between_two_looks_is_told() -> None:
    story = Story()
    story.floor.work("a", 10, 20.0)
    assert story.finished() == []
    story.floor.work("a", 3, 4.5)
    story.floor.work("b", 2, 1.0)  # heard for the first time
    assert story.finished() == [(3, 4.5)]
    assert story.finished() == [(0, 0.0), (0, 0.0)]


def test_what_a_worker_did_before_is_told_if_all_of_it_shall_count() -> None:
    story = Story()
    story.floor.work("a", 10, 20.0)
    assert story.finished(whole=True) == [(10, 20.0)]
    assert story.finished(whole=True) == [(0, 0.0)]


def test_given_a_pod_that_has_just_become_ready_then_all_that_it_did_is_told() -> None:
    # Given workers that are known
    story = Story()
    story.starts()
    # When another comes, and works between two looks
    story.floor.arrive("d")
    story.floor.work("d", 5, 7.5)
    story.starts()
    assert story.finished() == [(5, 7.5)]
    # Then an old one, heard for the first time, tells nothing of its past
    story.floor.work("a", 400, 4000.0)
    story.starts()
    assert story.finished() == [(0, 0.0)]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param((4, 2.0), id="both fell"),
        pytest.param((10, 2.0), id="the seconds fell"),
        pytest.param((4, 25.0), id="the tasks fell"),
    ],
)
def test_a_counter_that_fell_is_that_of_a_new_process(after: tuple[int, float]) -> None:
    story = Story()
    story.floor.worked["a"] = (10, 20.0)
    story.finished()
    story.floor.worked["a"] = after
    assert story.finished() == [after]


def test_given_a_container_that_restarted_then_its_counters_are_not_compared() -> None:
    story = Story()
    story.floor.worked["a"] = (10, 20.0)
    story.finished()
    story.floor.arrive("a", restarts=1)
    story.floor.worked["a"] = (400, 401.0)
    assert story.finished() == []


def test_workers_of_older_images_and_silent_ones_tell_nothing() -> None:
    story, floor = Story(), Floor()
    pods = story.counters.to_ask(list(floor.pods.values()), first)
    answers = {"a": None, "b": BusyAnswer(busy=1, draining=False)}
    assert list(story.counters.finished(pods, answers, whole=True)) == []


def test_only_workers_that_are_ready_and_stay_are_asked() -> None:
    story = Story()
    story.floor.arrive("starting", ready=False)
    story.floor.arrive("nowhere", ip=None)
    story.floor.arrive("leaving", terminating=True)
    assert story.asked() == ["a", "b", "c"]


def test_given_many_workers_then_a_few_are_asked_and_all_have_their_turn() -> None:
    story = Story()
    names = [f"w{number:02}" for number in range(12)]
    story.floor.pods.clear()
    for name in names:
        story.floor.arrive(name)
        story.floor.work(name, 1, 1.0)
    choose = Random(1).sample  # noqa: S311 - the same story each time
    rounds = [story.asked(choose) for _ in range(60)]
    assert all(len(set(each)) == ASKED_AT_MOST for each in rounds)
    assert all(len(set(a) & set(b)) == ASKED_AT_MOST - 1 for a, b in pairwise(rounds))
    assert set().union(*rounds) == set(names)


def test_a_start_is_told_once() -> None:
    story = Story()
    assert story.starts() == []  # three that are an hour old: they may have been unready since
    story.floor.arrive("d", started_seconds=7)
    assert story.starts() == [7.0]
    assert story.starts() == []


def test_at_the_first_look_young_pods_tell_their_start() -> None:
    story = Story()
    story.floor.arrive("d", started_seconds=7, ready_ago=60)
    story.floor.arrive("e", started_seconds=7, ready_ago=119)
    assert story.starts() == [7.0]


def test_given_workers_that_lost_the_broker_then_being_ready_again_is_no_start() -> None:
    story = Story()
    story.starts()
    story.floor.clock.seconds += 600
    story.floor.arrive("a", started_seconds=4200)
    assert story.starts() == []


def test_a_pod_that_is_not_ready_yet_tells_its_start_later() -> None:
    story = Story()
    story.starts()
    story.floor.arrive("d", ready=False)
    assert story.starts() == []
    story.floor.arrive("d", started_seconds=40)
    assert story.starts() == [40.0]


def test_a_start_within_the_second_took_half_of_it() -> None:
    story = Story()
    story.floor.arrive("d", started_seconds=0)
    assert story.starts() == [0.5]


def test_a_pod_that_restarted_or_says_no_times_tells_no_start() -> None:
    story = Story()
    story.starts()
    story.floor.arrive("restarted", restarts=1)
    born = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    then = {"type": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    for name, metadata, status in (
        ("without a status", born, {}),
        ("without a birth", {}, {"conditions": [then], "containerStatuses": None}),
        ("at no time", born, {"conditions": [{"type": "Ready", "lastTransitionTime": None}]}),
    ):
        story.floor.arrive(name)
        raw = {"metadata": metadata, "status": status}
        story.floor.pods[name] = replace(story.floor.pods[name], raw=raw)
    assert story.starts() == []
