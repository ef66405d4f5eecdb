"""Workers that bring their own consumer: only the broker can tell who is busy, and late."""

from typing import Any

from unit.controller.rig import KEY, Rig
from unit.controller.workers import with_workers
from workqueue_operator.core.hints import APART_SECONDS
from workqueue_operator.core.victims import IDLE_COST

OWN: dict[str, Any] = {
    "worker": {"handler": {"own": {}}},
    "broker": {"managementUri": "http://rabbitmq:15672"},
}


def at_work(rig: Rig) -> dict[str, Any]:
    """Five workers, nothing that waits, and three tasks in work."""
    given = with_workers(rig, spec=OWN)
    rig.broker.queue().ready, rig.broker.queue().unacked = 0, 3
    return given


def hold(rig: Rig, *busy: int) -> None:
    """The broker tells that these hold a task, and the others none."""
    names = [each.name for each in rig.cluster.pods[KEY]]
    rig.broker.holding["thumbnails"] = {
        f"{name}.consumer": int(number in busy) for number, name in enumerate(names)
    }


def test_those_who_are_idle_in_two_looks_leave(rig: Rig) -> None:
    # Given three busy workers of five, and a broker that tells of consumers
    at_work(rig)
    hold(rig, 0, 2, 4)
    # When the window has passed, and some more for a second look
    rig.pass_seconds(60 + 2 * APART_SECONDS + 8)
    # Then the two idle ones leave at once
    assert rig.cluster.replicas == [0, 5, 3]
    assert rig.cluster.marks == [{"thumbnails-1": IDLE_COST, "thumbnails-3": IDLE_COST}]
    assert "ask_busy" not in rig.cluster.asked


def test_who_was_busy_in_one_of_two_looks_stays(rig: Rig) -> None:
    # Given a worker that is told to be idle a little later only
    at_work(rig)
    hold(rig, 0, 1, 2, 3)
    for _ in range(100):
        if rig.state().looks:
            break
        rig.pass_seconds(1)
    hold(rig, 0, 2, 3)
    rig.pass_seconds(APART_SECONDS + 6)
    # Then it stays for this time
    assert rig.deployment().replicas == 4
    assert rig.cluster.marks == [{"thumbnails-4": IDLE_COST}]


def test_a_broker_that_tells_of_no_channel_means_one_at_a_time(rig: Rig) -> None:
    # Given a user without the tag monitoring: of nobody it is known
    at_work(rig)
    rig.broker.holding["thumbnails"] = {}
    rig.pass_seconds(60 + 2 * APART_SECONDS + 8)
    # Then one leaves, and it is told why
    assert rig.cluster.replicas == [0, 5, 4]
    assert "(ShrinkingBlind)" in str(rig.cluster.events[-1])
    assert rig.cluster.marks == []


def test_a_lowered_maximum_waits_for_two_looks_and_no_longer(rig: Rig) -> None:
    given = at_work(rig)
    hold(rig, 0, 2, 4)
    rig.change(given, scaling={"maxWorkers": 4})
    rig.pass_seconds(APART_SECONDS + 4)
    assert rig.deployment().replicas == 4
    assert [list(each.values()) for each in rig.cluster.marks] == [[IDLE_COST]]
