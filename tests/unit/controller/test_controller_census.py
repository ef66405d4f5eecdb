"""When workers are asked who is busy, and who may leave then."""

from unit.controller.rig import KEY, Rig, pod
from unit.controller.workers import with_workers
from workqueue_operator.controller.inspecting import CENSUSES_AT_ONCE


def test_workers_are_asked_only_when_the_answer_could_matter(rig: Rig) -> None:
    # Given workers with enough to do
    with_workers(rig)
    rig.work(5)
    rig.cluster.asked.clear()
    # When the backlog grows, or stays
    rig.pass_seconds(120)
    rig.broker.queue().ready = 90
    rig.pass_seconds(5)
    assert "ask_busy" not in rig.cluster.asked
    # Then nobody asks them; only before some of them leave
    rig.pods_start()
    rig.broker.queue().ready = 0
    rig.pass_seconds(80)
    assert "ask_busy" in rig.cluster.asked


def test_busy_workers_stay_and_the_others_leave(rig: Rig) -> None:
    with_workers(rig)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, 2
    rig.work(2)
    rig.pass_seconds(70)
    assert rig.deployment().replicas == 2


def test_workers_that_do_not_answer_leave_one_by_one(rig: Rig) -> None:
    # Given workers whose /busy nobody may reach, and a broker without management address
    with_workers(rig)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, None
    # When there is nothing to do
    rig.pass_seconds(100)
    # Then one leaves for each window that passes
    assert rig.cluster.replicas == [0, 5, 4]
    rig.pods_start()
    rig.pass_seconds(70)
    assert rig.cluster.replicas == [0, 5, 4, 3]


def test_an_own_consumer_is_never_asked(rig: Rig) -> None:
    with_workers(rig, spec={"worker": {"handler": {"own": {}}}})
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, None
    rig.pass_seconds(100)
    assert "ask_busy" not in rig.cluster.asked
    assert rig.cluster.replicas == [0, 5, 4]


def test_lowered_bounds_cause_no_growth_for_what_drains(rig: Rig) -> None:
    # Given twenty busy workers
    given = with_workers(rig, backlog=200)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, 20
    rig.work(20)
    rig.sweep()
    # When maxWorkers is lowered to 5, fifteen drain
    rig.change(given, scaling={"maxWorkers": 5})
    rig.run()
    assert rig.deployment().replicas == 5
    rig.pods_start()
    pods = rig.cluster.pods[KEY]
    pods += [pod(f"leaving-{number}", terminating=True) for number in range(15)]
    rig.work(20)
    rig.pass_seconds(120)
    # Then nobody is added for them, nor when the bound is lifted again
    rig.change(given, scaling={"maxWorkers": 50})
    rig.pass_seconds(30)
    assert rig.cluster.replicas == [0, 20, 5]


def test_many_who_do_not_answer_hold_up_nobody_else(rig: Rig) -> None:
    # Given as many questions under way as may be
    with_workers(rig)
    rig.broker.queue().ready = 0
    rig.work(0)
    slots = rig.controller.stepper.inspecting.censuses
    for _ in range(CENSUSES_AT_ONCE):
        assert slots.acquire(blocking=False)
    # When one more needs an answer, it takes what is safe without one
    rig.pass_seconds(80)
    assert rig.deployment().replicas == 5
    # And asks again
    slots.release()
    rig.pass_seconds(10)
    assert rig.deployment().replicas == 0
