"""A step down: the idle are marked, asked once more, and then leave."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from unit.controller.rig import KEY, Rig, pod
from unit.controller.workers import with_workers
from workqueue_operator.controller.inspecting import CENSUSES_AT_ONCE
from workqueue_operator.controller.shrinking import MOST_ROUNDS, SETTLE_SECONDS
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import IDLE_COST, NO_COST, SILENT_COST
from workqueue_operator.ports import BusyAnswer

MARKED_34 = {"thumbnails-3": IDLE_COST, "thumbnails-4": IDLE_COST}


def quiet(rig: Rig, *busy: int) -> None:
    """Nothing waits any more, and only these of five workers hold a task."""
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, len(busy)
    tell(rig, *busy)


def tell(rig: Rig, *busy: int) -> None:
    for number, each in enumerate(rig.cluster.pods[KEY]):
        rig.cluster.busy[each.name] = BusyAnswer(busy=int(number in busy), draining=False)


def until_marked(rig: Rig) -> None:
    """Let time pass until somebody is marked."""
    for _ in range(1000):
        if rig.cluster.marks:
            return
        rig.pass_seconds(0.2, every=0.2)
    raise AssertionError("nobody was marked")


def settle(rig: Rig) -> None:
    rig.quiet_seconds(SETTLE_SECONDS)
    rig.run()


def costs(rig: Rig) -> dict[str, int]:
    """The marks that there are."""
    return {each.name: each.cost for each in rig.cluster.pods[KEY] if each.cost != NO_COST}


def test_the_idle_are_marked_and_leave_once_that_was_seen(rig: Rig) -> None:
    # Given five workers, of which three are busy
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    # When the window has passed
    until_marked(rig)
    # Then the idle ones are marked, and nobody leaves yet
    assert rig.cluster.marks == [MARKED_34]
    assert rig.deployment().replicas == 5
    # But after a while, in which nothing else is written or asked
    rig.cluster.asked.clear()
    rig.pass_seconds(SETTLE_SECONDS * 0.8, every=0.2)
    assert rig.cluster.asked == []
    settle(rig)
    assert rig.deployment().replicas == 3
    assert rig.cluster.marks == [MARKED_34]
    assert rig.cluster.reasons()[-1] == "ScaledDown"


def test_who_got_a_task_meanwhile_stays(rig: Rig) -> None:
    # Given two that are marked
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    # When one of them gets a task
    tell(rig, 0, 1, 2, 3)
    settle(rig)
    # Then its mark is taken away, which is given time as well
    assert rig.deployment().replicas == 5
    assert costs(rig) == {"thumbnails-4": IDLE_COST}
    settle(rig)
    # And the other one leaves
    assert rig.deployment().replicas == 4
    assert costs(rig) == {"thumbnails-4": IDLE_COST}


def test_with_short_tasks_the_idle_leave_all_the_same(rig: Rig) -> None:
    # Given workers of which each round another is busy
    with_workers(rig, backlog=100)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, 1
    tell(rig, 0)
    until_marked(rig)
    for turn in range(MOST_ROUNDS):
        assert rig.deployment().replicas == 10
        tell(rig, turn + 5)
        settle(rig)
    # Then after some rounds those who were idle in all of them leave
    assert rig.deployment().replicas == 10 - (9 - MOST_ROUNDS)
    assert not {f"thumbnails-{turn + 5}" for turn in range(MOST_ROUNDS)} & costs(rig).keys()


def test_a_step_that_nobody_idle_is_left_for_comes_to_nothing(rig: Rig) -> None:
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    tell(rig, 0, 1, 2, 3, 4)
    rig.pass_seconds(20)
    assert rig.deployment().replicas == 5
    assert costs(rig) == {}


@pytest.mark.parametrize(
    "why",
    [
        pytest.param("backlog", id="tasks came"),
        pytest.param("hold", id="the user holds the number"),
        pytest.param("silent", id="nothing is known of the queue any more"),
    ],
)
def test_a_step_that_is_called_off_leaves_no_mark(why: str, rig: Rig) -> None:
    # Given two that are marked
    given = with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    # When nobody is to leave any more
    if why == "backlog":
        rig.broker.queue().ready = 45
    elif why == "hold":
        rig.change(given, scaling={"mode": "Hold"})
    else:
        rig.broker.go_down()
    rig.pass_seconds(3)
    # Then all is as before
    assert rig.deployment().replicas == 5
    assert rig.cluster.marks == [MARKED_34, dict.fromkeys(MARKED_34, NO_COST)]
    assert rig.state().leaving is None


def test_growth_does_not_wait_for_marks_to_be_taken_away(rig: Rig) -> None:
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    rig.cluster.asked.clear()
    rig.broker.queue().ready = 190
    rig.sweep()
    assert rig.cluster.asked[:2] == ["patch_replicas", "mark_pods"]
    assert rig.deployment().replicas == 20


def test_marks_that_could_not_be_taken_away_are_tried_again(rig: Rig) -> None:
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    rig.broker.queue().ready = 45
    rig.cluster.failures["mark_pods"] = ApiError(503, "not now")
    rig.pass_seconds(3)
    assert costs(rig) == MARKED_34
    rig.cluster.failures.clear()
    rig.pass_seconds(40)
    assert costs(rig) == {}


def test_a_refused_mark_keeps_everybody_and_is_told(rig: Rig) -> None:
    # Given an operator that may not write pods
    given = with_workers(rig)
    rig.cluster.failures["mark_pods"] = ApiError(403, "pods is forbidden")
    # When two are to leave
    quiet(rig, 0, 1, 2)
    rig.pass_seconds(80)
    # Then nobody does, and the status says why
    assert rig.deployment().replicas == 5
    assert "pods is forbidden" in rig.condition(given)["message"]


def test_where_all_leave_nobody_is_marked(rig: Rig) -> None:
    with_workers(rig)
    quiet(rig)
    rig.pass_seconds(80)
    assert rig.deployment().replicas == 0
    assert rig.cluster.marks == []


def test_nobody_leaves_while_a_busy_worker_is_not_ready(rig: Rig) -> None:
    # Given a busy worker that is not Ready: Kubernetes would take it whatever the cost
    given = with_workers(rig)
    quiet(rig, 0, 1, 2)
    rig.cluster.pods[KEY][0] = replace(rig.cluster.pods[KEY][0], ready=False)
    rig.pass_seconds(90)
    assert rig.deployment().replicas == 5
    assert rig.cluster.marks == []
    decision = given["status"]["lastDecision"]
    assert decision["reason"] == "WorkersBusy"
    assert "thumbnails-0 holds a task and is not Ready" in decision["message"]
    # When it is Ready again, the idle ones leave
    rig.cluster.pods[KEY][0] = pod("thumbnails-0")
    rig.pass_seconds(20)
    assert rig.deployment().replicas == 3


def test_a_busy_worker_that_stops_being_ready_puts_the_step_off(rig: Rig) -> None:
    with_workers(rig)
    quiet(rig, 0, 1, 2)
    until_marked(rig)
    ready = rig.cluster.pods[KEY][0]
    rig.cluster.pods[KEY][0] = replace(ready, ready=False)
    rig.pass_seconds(12)
    assert rig.deployment().replicas == 5
    rig.cluster.pods[KEY][0] = ready
    rig.pass_seconds(12)
    assert rig.deployment().replicas == 3


def test_a_lowered_maximum_takes_the_idle_first(rig: Rig) -> None:
    # Given five workers with much to do, of which two are idle for the moment
    given = with_workers(rig)
    rig.broker.queue().unacked = 3
    tell(rig, 0, 2, 4)
    # When the user lowers the maximum to one
    rig.change(given, scaling={"maxWorkers": 1})
    rig.run()
    # Then the idle are marked, and then busy ones go as well
    assert rig.cluster.marks == [{"thumbnails-1": IDLE_COST, "thumbnails-3": IDLE_COST}]
    settle(rig)
    assert rig.deployment().replicas == 1


def test_where_all_are_busy_a_lowered_maximum_holds_at_once(rig: Rig) -> None:
    given = with_workers(rig)
    tell(rig, 0, 1, 2, 3, 4)
    rig.change(given, scaling={"maxWorkers": 2})
    rig.run()
    assert rig.deployment().replicas == 2
    assert rig.cluster.marks == []


def test_one_that_does_not_answer_goes_before_the_busy(rig: Rig) -> None:
    # Given two busy workers and three that nobody can reach, and nobody who counts tasks in work
    with_workers(rig)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, None
    tell(rig, 0, 1)
    for number in (2, 3, 4):
        del rig.cluster.busy[f"thumbnails-{number}"]
    # When fewer are needed
    rig.pass_seconds(70)
    # Then one of those leaves, and no other before another window has passed
    assert rig.cluster.marks == [{"thumbnails-4": SILENT_COST}]
    assert rig.cluster.replicas == [0, 5, 4]


def test_many_steps_down_at_once_leave_threads_for_others(rig: Rig) -> None:
    # Given as many questions and marks under way as may be
    given = with_workers(rig)
    tell(rig, 0, 1, 2)
    slots = rig.controller.stepper.inspecting.censuses
    for _ in range(CENSUSES_AT_ONCE):
        assert slots.acquire(blocking=False)
    # When one more wants to shrink
    rig.change(given, scaling={"maxWorkers": 3})
    rig.pass_seconds(2)
    # Then it comes back later, and holds no thread
    assert rig.deployment().replicas == 5
    assert rig.cluster.marks == []
    slots.release()
    rig.pass_seconds(3)
    assert rig.deployment().replicas == 3


def test_slow_marks_of_many_hold_up_nobody_who_grows(rig: Rig) -> None:
    # Given many WorkQueues with two workers too many each, and an API server that takes its time
    names = [f"mail-{number}" for number in range(2 * CENSUSES_AT_ONCE)]
    for name in names:
        with_workers(rig, name=name, uid=name)
        rig.broker.queue(name).ready, rig.broker.queue(name).unacked = 0, 3
        for number, each in enumerate(rig.cluster.pods["shop", name]):
            rig.cluster.busy[each.name] = BusyAnswer(busy=int(number < 3), draining=False)
    with_workers(rig, name="urgent", uid="urgent")
    rig.pass_seconds(58)
    rig.cluster.slow_marks = threading.Event()
    rig.clock.seconds += 10
    rig.broker.sweep()
    # When they all step down, on eight threads
    steps = [threading.Thread(target=rig.controller._run) for _ in range(8)]
    for each in steps:
        each.start()
    try:
        wait_until(lambda: rig.cluster.asked.count("mark_pods") == CENSUSES_AT_ONCE)
        # Then who needs more workers gets them meanwhile
        rig.broker.queue("urgent").ready = 90
        rig.broker.sweep()
        rig.run()
        wait_until(lambda: rig.deployment(("shop", "urgent")).replicas == 9)
        assert rig.cluster.asked.count("mark_pods") == CENSUSES_AT_ONCE
    finally:
        rig.cluster.slow_marks.set()
        for each in steps:
            each.join(10)
    rig.pass_seconds(10)
    assert {rig.deployment(("shop", name)).replicas for name in names} == {3}


def wait_until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.01)


def test_at_rest_nobody_lists_or_marks(rig: Rig) -> None:
    with_workers(rig)
    tell(rig, 0, 1, 2, 3, 4)
    rig.pass_seconds(20)
    rig.cluster.asked.clear()
    rig.pass_seconds(120)
    assert set(rig.cluster.asked) == {"read_secret"}
