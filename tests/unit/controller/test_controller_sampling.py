"""What DrainSeconds learns of its workers, and how little it asks for that."""

import pytest

from unit.controller.floor import Floor
from workqueue_operator.controller.sampling import APART_SECONDS, AT_ONCE, EVERY_SECONDS
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import Throughput


def asked(floor: Floor) -> list[str]:
    return floor.cluster.asked


def test_it_looks_soon_after_workers_are_ready_and_then_every_30_seconds() -> None:
    floor = Floor()
    assert floor.look() == 5
    assert floor.look(after=4.9) == pytest.approx(0.1)
    assert asked(floor) == []
    assert floor.look(after=0.1) == EVERY_SECONDS
    assert asked(floor) == ["list_pods", "ask_busy"]
    assert floor.look(after=29) == pytest.approx(1)
    assert asked(floor) == ["list_pods", "ask_busy"]
    assert floor.look(after=1) == EVERY_SECONDS
    assert len(asked(floor)) == 4


@pytest.mark.parametrize("ready", [0, 3])
def test_nobody_is_asked_for_another_target(ready: int) -> None:
    floor = Floor(learning=False)
    floor.ready(ready)
    assert floor.look() is None
    assert floor.look(after=100) is None
    assert asked(floor) == []


def test_without_ready_workers_there_is_nothing_to_ask_nor_to_wait_for() -> None:
    floor = Floor()
    floor.ready(0)
    assert floor.look(after=100) is None
    floor.state.deployment = None
    assert floor.look(after=100) is None
    assert asked(floor) == []


def test_given_a_new_process_of_the_operator_then_all_that_workers_have_done_counts() -> None:
    # Given a worker that has been at work for long, and nobody who remembers
    floor = Floor()
    floor.work("a", 400, 800.0)
    floor.look()
    floor.look(after=5)
    # Then that is learned, and from then on what it does
    assert floor.learned.task_samples == 1
    assert floor.learned.task_seconds == pytest.approx(2.0, rel=0.05)
    floor.work("a", 30, 60.0)
    floor.look(after=30)
    assert floor.learned.task_samples == 2


def test_given_a_status_to_go_on_from_then_only_what_is_new_counts() -> None:
    floor = Floor()
    assert floor.state.learner is not None
    floor.state.learner.learn_tasks(tasks=9, busy_seconds=9.0, now=0)
    floor.work("a", 400, 80_000.0)
    floor.look()
    floor.look(after=5)
    assert floor.learned.task_samples == 1
    floor.work("a", 10, 10.0)
    floor.look(after=30)
    assert floor.learned.task_samples == 2
    assert floor.learned.task_seconds == pytest.approx(1.0)


def test_a_worker_that_finished_nothing_teaches_nothing() -> None:
    floor = Floor()
    for name in ("a", "b", "c"):
        floor.work(name, 0, 0.0)
    floor.look()
    for _ in range(5):
        floor.look(after=30)
    assert floor.learned.task_samples == 0


def test_starts_are_learned_from_the_pods_themselves() -> None:
    floor = Floor()
    floor.look()
    floor.look(after=5)
    assert floor.learned.start_samples == 0  # three that are an hour old
    floor.arrive("d", started_seconds=8)
    floor.look(after=30)
    floor.look(after=30)
    assert floor.learned.start_samples == 1
    assert floor.learned.start_seconds == pytest.approx(6.3, abs=0.1)  # half of it is the guess


def test_a_census_stands_for_a_look() -> None:
    floor = Floor()
    floor.look()
    floor.look(after=5)
    floor.work("a", 10, 20.0)
    floor.arrive("d", started_seconds=8)
    floor.hear(after=10)
    assert floor.learned.task_samples == 0  # too early: a look is not due before 20 s from now
    floor.hear(after=10)
    assert (floor.learned.task_samples, floor.learned.start_samples) == (1, 1)
    assert floor.look(after=10) == pytest.approx(20)
    assert asked(floor) == ["list_pods", "ask_busy"]


def test_a_census_before_the_first_look_or_for_another_target_is_not_listened_to() -> None:
    floor, other = Floor(), Floor(learning=False)
    for each in (floor, other):
        each.work("a", 10, 20.0)
        each.hear(after=10)
        assert each.state.counters is None
    assert floor.learned.task_samples == 0


def test_given_pods_that_are_none_to_ask_then_nobody_is_asked() -> None:
    floor = Floor()
    floor.look()
    for name in ("a", "b", "c"):
        floor.arrive(name, terminating=True)
    floor.look(after=5)
    assert asked(floor) == ["list_pods"]


def test_trouble_is_left_to_those_who_need_the_answer() -> None:
    floor = Floor()
    floor.look()
    floor.cluster.failures["list_pods"] = ApiError(500, "no")
    assert floor.look(after=5) == EVERY_SECONDS
    floor.cluster.failures.clear()
    floor.work("a", 10, 20.0)
    assert floor.look(after=30) == EVERY_SECONDS
    assert floor.learned.task_samples == 1


def test_given_workers_that_do_not_answer_then_no_more_than_two_threads_wait_for_them() -> None:
    floor = Floor()
    floor.look()
    for _ in range(AT_ONCE):
        assert floor.sampling._free.acquire(blocking=False)
    assert floor.look(after=5) == EVERY_SECONDS
    assert asked(floor) == []
    floor.sampling._free.release()
    assert floor.look(after=30) == EVERY_SECONDS
    assert asked(floor) == ["list_pods", "ask_busy"]


def test_a_hundred_workqueues_are_looked_at_ten_a_second() -> None:
    # Given a hundred whose workers became ready in the same second
    floors = [Floor() for _ in range(100)]
    for floor in floors[1:]:
        floor.sampling, floor.clock = floors[0].sampling, floors[0].clock
    # Then their looks come one after the other
    waits = [floor.look() for floor in floors]
    assert waits == pytest.approx([5 + APART_SECONDS * number for number in range(100)])


def test_given_another_target_now_then_what_was_counted_is_forgotten() -> None:
    floor = Floor()
    floor.look()
    assert floor.state.counters is not None
    floor.state.learner = None
    assert floor.look() is None
    assert floor.state.counters is None


def test_given_own_consumers_then_the_broker_is_asked_and_no_worker() -> None:
    floor = Floor(own=True)
    floor.rates.says = Throughput(finished=30, seconds=30.0, unacked=2.0)
    floor.look()
    floor.look(after=5)
    assert asked(floor) == ["list_pods"]
    assert floor.rates.asked == [("mail", 35.0)]
    assert floor.learned.task_samples == 1
    assert floor.learned.task_seconds == pytest.approx(2.0, rel=0.05)  # two at work, one a second


def test_given_own_consumers_that_take_more_than_they_work_on_then_that_is_no_work() -> None:
    floor = Floor(own=True)
    floor.rates.says = Throughput(finished=30, seconds=30.0, unacked=300.0)
    floor.look()
    floor.look(after=5)
    assert floor.learned.task_seconds == pytest.approx(3.0, rel=0.05)  # three workers


def test_given_own_consumers_with_tasks_longer_than_a_look_then_it_looks_further_back() -> None:
    floor = Floor(own=True)
    floor.rates.says = Throughput(finished=0, seconds=30.0, unacked=1.0)
    floor.look()
    floor.look(after=5)
    floor.look(after=30)
    floor.rates.says = Throughput(finished=1, seconds=95.0, unacked=1.0)
    floor.look(after=30)
    floor.look(after=30)
    assert [seconds for _, seconds in floor.rates.asked] == [35.0, 65.0, 95.0, 30.0]
    assert floor.learned.task_samples == 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"target": None}, id="its queue is not read"),
        pytest.param({}, id="the broker does not say"),
    ],
)
def test_given_own_consumers_of_which_nobody_tells_then_starts_are_learned(
    change: dict[str, None],
) -> None:
    floor = Floor(own=True)
    for name, value in change.items():
        setattr(floor.state, name, value)
    floor.look()
    floor.arrive("d", started_seconds=4)
    floor.look(after=5)
    assert floor.learned.task_samples == 0
    assert floor.learned.start_samples == 1


def test_given_own_consumers_then_a_census_is_none_of_ours() -> None:
    floor = Floor(own=True)
    floor.look()
    floor.hear(after=5)
    assert floor.look() == EVERY_SECONDS
    assert asked(floor) == ["list_pods"]
