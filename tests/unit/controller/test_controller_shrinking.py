"""A step down: the idle are marked, asked once more, and then leave."""

from dataclasses import replace

from unit.controller.rig import KEY, Rig, pod
from unit.controller.steps_down import MARKED_34, costs, quiet, settle, tell, until_marked
from unit.controller.workers import with_workers
from workqueue_operator.controller.shrinking import MOST_ROUNDS, SETTLE_SECONDS
from workqueue_operator.core.victims import IDLE_COST, SILENT_COST


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


def test_at_rest_nobody_lists_or_marks(rig: Rig) -> None:
    with_workers(rig)
    tell(rig, 0, 1, 2, 3, 4)
    rig.pass_seconds(20)
    rig.cluster.asked.clear()
    rig.pass_seconds(120)
    assert set(rig.cluster.asked) == {"read_secret"}
