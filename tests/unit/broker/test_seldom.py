"""Dead letters are counted seldom: soon where there is little to read, else cheaply."""

import pytest

from unit.broker.test_agenda import Day
from workqueue_operator.broker.seldom import CEILING_SECONDS
from workqueue_operator.broker.watched import Watched


def with_dead(queues: int) -> Day:
    day = Day(queues)
    for index in range(queues):
        day.watched.add_seldom(f"q{index}.dead")
    return day


def dead_reads(day: Day, seconds: float) -> dict[str, list[float]]:
    """When each was read."""
    seen: dict[str, list[float]] = {}
    until = day.now + seconds
    while day.now < until:
        began = day.now
        for queue in day.turn():
            if queue.endswith(".dead"):
                seen.setdefault(queue, []).append(began)
    return seen


@pytest.mark.parametrize(
    ("queues", "within_seconds"),
    [
        pytest.param(1, 5, id="one queue: within seconds"),
        pytest.param(100, 5, id="a hundred: within seconds"),
        pytest.param(10_000, CEILING_SECONDS + 2, id="ten thousand: within a minute"),
    ],
)
def test_every_one_is_read_in_time(queues: int, within_seconds: float) -> None:
    day = with_dead(queues)
    assert len(dead_reads(day, within_seconds)) == queues


@pytest.mark.parametrize("queues", [100, 1_000, 10_000])
def test_they_are_a_few_percent_of_all_that_is_read(queues: int) -> None:
    day = with_dead(queues)
    dead_reads(day, 5)
    before = day.reads
    seldom = sum(map(len, dead_reads(day, 60).values()))
    assert seldom / (day.reads - before) < 0.04


def test_none_is_passed_over() -> None:
    day = with_dead(1_000)
    seen = dead_reads(day, 200)
    counts = [len(times) for times in seen.values()]
    assert max(counts) - min(counts) <= 1


def test_tasks_in_them_do_not_make_them_move() -> None:
    day = with_dead(10)
    day.tasks["q3.dead"] = 5
    assert len(dead_reads(day, 20)["q3.dead"]) < 20


def test_one_that_is_watched_for_another_reason_stays_so() -> None:
    watched = Watched()
    watched.add("mail")
    watched.add_seldom("mail")
    assert watched.take_changes() == ({"mail"}, set())
    watched.add_seldom("mail.dead")
    assert watched.take_changes() == ({"mail"}, {"mail.dead"})
    watched.add("mail.dead")
    assert watched.take_changes() == ({"mail", "mail.dead"}, set())


def test_what_nobody_counts_any_more_is_given_back_once() -> None:
    day = with_dead(2)
    day.turn()
    day.watched.discard("q0.dead")
    day.watched.discard("q1")
    assert day.agenda.keep() == {"q0.dead", "q1"}
    assert day.agenda.keep() == set()


def test_one_that_is_read_more_often_from_now_on_is_not_given_back() -> None:
    day = with_dead(1)
    day.turn()
    day.watched.add("q0.dead")
    assert day.agenda.keep() == set()
