"""What people are told: once, when it is new, and no more than it is worth."""

from typing import Any

import pytest

from unit.controller.rig import Rig
from workqueue_operator.controller.stepper import FIRST_WORD_SECONDS
from workqueue_operator.core.errors import ApiError


def settled(rig: Rig) -> dict[str, Any]:
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.pass_seconds(40)
    return given


def status_writes(rig: Rig) -> int:
    return rig.cluster.asked.count("patch_status")


def test_a_new_workqueue_is_told_of_in_a_few_writes(rig: Rig) -> None:
    settled(rig)
    assert status_writes(rig) <= 3
    assert rig.cluster.reasons() == ["QueueDeclared"]


def test_a_step_costs_three_writes_and_says_why(rig: Rig) -> None:
    given = settled(rig)
    rig.cluster.asked.clear()
    rig.broker.queue().ready = 95
    rig.sweep()
    assert sorted(rig.cluster.writes()) == ["patch_replicas", "patch_status", "post_event"]
    message = rig.cluster.events[-1]["message"]
    assert message.startswith("from 0 to 10 workers (BacklogGrew): backlog 95 (95 ready")
    assert "target 10 per worker" in message
    assert given["status"]["workers"]["desired"] == 10
    assert given["status"]["lastScaleTime"] == rig.clock.rfc3339()


def test_each_new_trouble_is_told_once_and_its_end_once(rig: Rig) -> None:
    settled(rig)
    rig.cluster.events.clear()
    for _ in range(2):
        rig.broker.go_down()
        rig.pass_seconds(100)
        rig.broker.down = None
        rig.pass_seconds(100)
    assert rig.cluster.reasons() == ["BrokerUnreachable", "Recovered"] * 2
    assert [event["type"] for event in rig.cluster.events] == ["Warning", "Normal"] * 2


def test_one_trouble_after_the_other_is_told_as_two(rig: Rig) -> None:
    settled(rig)
    rig.cluster.events.clear()
    rig.broker.go_down()
    rig.pass_seconds(10)
    del rig.cluster.secrets["shop", "rabbitmq"]
    rig.pass_seconds(100)
    assert rig.cluster.reasons() == ["BrokerUnreachable", "SecretMissing"]


def test_numbers_alone_wait_half_a_minute_and_are_written_then(rig: Rig) -> None:
    # Given five workers, and a status that was just written
    given = settled(rig)
    rig.broker.queue().ready = 50
    rig.sweep()
    rig.pods_start()
    rig.broker.queue().consumers = 5
    rig.settle()
    writes = status_writes(rig)
    # When the backlog shrinks by a half, within what the workers are kept for
    rig.broker.queue().ready = 25
    rig.pass_seconds(25)
    # Then there may be one more write for the reason, and none for the number yet
    assert status_writes(rig) - writes <= 1
    # And then it is there
    rig.pass_seconds(40)
    assert given["status"]["backlog"]["ready"] == 25


def test_a_write_that_was_put_off_is_made_without_another_reading(rig: Rig) -> None:
    # Given five workers, and a status that was just written
    given = settled(rig)
    rig.broker.queue().ready = 50
    rig.sweep()
    rig.broker.queue().consumers = 5
    rig.pods_start()
    rig.settle()
    rig.pass_seconds(2)
    assert given["status"]["lastDecision"]["reason"] == "Steady"
    # When the reason changes soon after, and then nothing is read any more
    rig.broker.queue().ready = 35
    rig.pass_seconds(1)
    assert given["status"]["lastDecision"]["reason"] == "Steady"
    rig.quiet_seconds(5)
    # Then it is written all the same
    assert given["status"]["lastDecision"]["reason"] == "CoolingDown"


def test_an_event_that_is_refused_ends_no_step(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    settled(rig)
    rig.cluster.failures["post_event"] = ApiError(403, "the namespace is being terminated")
    rig.broker.queue().ready = 95
    rig.sweep()
    assert rig.deployment().replicas == 10
    assert "event ScaledUp of shop/thumbnails was not posted" in caplog.text


def test_what_goes_wrong_is_counted_by_its_reason(rig: Rig) -> None:
    settled(rig)
    rig.cluster.failures["patch_replicas"] = ApiError(403, "quota")
    rig.broker.queue().ready = 95
    rig.pass_seconds(10)
    errors = rig.telemetry.registry.get_sample_value(
        "workqueue_reconcile_errors_total", {"reason": "KubernetesApi"}
    )
    assert errors == rig.cluster.asked.count("patch_replicas")


def test_a_new_one_is_told_once_what_it_is(rig: Rig) -> None:
    given = rig.apply()
    rig.run()
    assert "status" not in given
    rig.settle()

    assert rig.condition(given)["reason"] == "Idle"
    assert rig.cluster.asked.count("patch_status") == 1


def test_a_new_one_that_waited_for_its_turn_is_told_once_as_well(rig: Rig) -> None:
    # Given a queue that is declared long after the WorkQueue was made
    rig.broker.go_down()
    given = rig.apply()
    rig.run()
    rig.cluster.asked.clear()
    rig.broker.down = None
    rig.clock.seconds += 10
    rig.broker.sweep()
    rig.run_once()
    # When it has just been declared, then nothing is told before it is read
    assert rig.broker.ensured == ["thumbnails"]
    assert rig.cluster.asked.count("patch_status") == 0
    rig.settle()
    assert rig.condition(given)["reason"] == "Idle"
    assert rig.cluster.asked.count("patch_status") == 1


def test_a_new_one_whose_broker_says_nothing_is_told_that_it_starts(rig: Rig) -> None:
    given = rig.apply()
    rig.run()
    rig.quiet_seconds(FIRST_WORD_SECONDS)

    assert rig.condition(given)["reason"] == "Starting"
