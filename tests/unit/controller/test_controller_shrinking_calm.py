"""A step down that comes to nothing leaves no trace, and many of them leave room for others."""

import threading
import time
from collections.abc import Callable

import pytest

from unit.controller.rig import Rig
from unit.controller.steps_down import MARKED_34, costs, quiet, tell, until_marked
from unit.controller.workers import with_workers
from workqueue_operator.controller.inspecting import CENSUSES_AT_ONCE
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import NO_COST
from workqueue_operator.ports import BusyAnswer


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
    for step in steps:
        step.start()
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
        for step in steps:
            step.join(10)
    rig.pass_seconds(10)
    assert {rig.deployment(("shop", name)).replicas for name in names} == {3}


def wait_until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.01)
