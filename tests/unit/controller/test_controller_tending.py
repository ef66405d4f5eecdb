"""Policies and drift: looked after rarely, and told."""

from typing import Any

from unit.controller.rig import Rig
from workqueue_operator.controller.state import Tended
from workqueue_operator.controller.tending import APART_SECONDS, AT_ONCE
from workqueue_operator.core.upkeep import ManagementError, Policy

API = {"managementUri": "http://rabbitmq:15672"}
LIMITED = {"policy": {"maxLength": 5}}


def at_work(rig: Rig, spec: dict[str, Any], arguments: dict[str, Any] | None = None) -> Any:
    """A WorkQueue whose queue has these arguments; by default those that are asked for."""
    given = rig.apply(spec)
    usual = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "thumbnails.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    rig.broker.upkeep.has["thumbnails"] = usual if arguments is None else arguments
    rig.run()
    rig.settle()
    rig.pass_seconds(40)
    return given


def said(given: dict[str, Any], kind: str) -> tuple[str, str] | None:
    for each in given["status"]["conditions"]:
        if each["type"] == kind:
            return each["status"], each["reason"]
    return None


def test_without_a_management_address_nobody_is_asked(rig: Rig) -> None:
    given = at_work(rig, {})
    assert rig.broker.upkeep.asked == []
    assert said(given, "QueueInSync") is None
    assert said(given, "PolicyInSync") is None


def test_what_cannot_be_looked_at_is_told_where_it_was_asked_for(rig: Rig) -> None:
    given = at_work(rig, {"queue": LIMITED | {"arguments": {"x-queue-leader-locator": "balanced"}}})
    assert said(given, "PolicyInSync") == ("False", "ManagementMissing")
    assert said(given, "QueueInSync") == ("Unknown", "NotKnown")


def test_a_queue_that_is_as_asked_for_is_looked_at_once_an_hour(rig: Rig) -> None:
    given = at_work(rig, {"broker": API})
    assert said(given, "QueueInSync") == ("True", "InSync")
    assert said(given, "PolicyInSync") is None
    assert rig.broker.upkeep.asked == ["arguments"]
    rig.pass_seconds(3000, every=20)
    assert rig.broker.upkeep.asked == ["arguments"]
    rig.pass_seconds(700, every=20)
    assert rig.broker.upkeep.asked == ["arguments"] * 2


def test_what_the_broker_ignored_is_shown_and_nothing_is_deleted(rig: Rig) -> None:
    given = at_work(rig, {"broker": API}, arguments={"x-queue-type": "quorum"})
    assert said(given, "QueueInSync") == ("False", "ArgumentsDiffer")
    assert rig.broker.deleted == []


def test_a_policy_is_written_changed_and_taken_away_as_asked(rig: Rig) -> None:
    given = at_work(rig, {"broker": API, "queue": LIMITED})
    assert said(given, "PolicyInSync") == ("True", "PolicyWritten")
    assert [each.definition for each in rig.broker.upkeep.rows] == [{"max-length": 5}]
    rig.change(given, queue={"policy": {"messageTtlSeconds": 60}})
    rig.run()
    rig.pass_seconds(40)
    assert [each.definition for each in rig.broker.upkeep.rows] == [{"message-ttl": 60_000}]
    rig.change(given, queue={"policy": {}})
    rig.run()
    rig.pass_seconds(40)
    assert rig.broker.upkeep.rows == []
    assert said(given, "PolicyInSync") == ("True", "NothingAsked")


def test_a_long_task_asks_the_broker_for_patience(rig: Rig) -> None:
    at_work(rig, {"broker": API, "worker": {"taskTimeoutSeconds": 7200}})
    assert [each.definition for each in rig.broker.upkeep.rows] == [{"consumer-timeout": 7_500_000}]


def test_the_policy_of_another_is_left_alone(rig: Rig) -> None:
    theirs = Policy(name="all", pattern=".*", apply_to="all", priority=0, definition={"expires": 9})
    rig.broker.upkeep.rows = [theirs]
    given = at_work(rig, {"broker": API, "queue": LIMITED})
    assert said(given, "PolicyInSync") == ("False", "PolicyShadowed")
    assert rig.broker.upkeep.rows == [theirs]


def test_a_right_that_is_given_later_is_used(rig: Rig) -> None:
    rig.broker.upkeep.refusal = ManagementError(401, "not a policymaker")
    given = at_work(rig, {"broker": API, "queue": LIMITED})
    assert said(given, "PolicyInSync") == ("False", "PolicyNotPermitted")
    rig.broker.upkeep.refusal = None
    rig.pass_seconds(90)
    assert said(given, "PolicyInSync") == ("True", "PolicyWritten")


def test_a_restart_asks_nobody_at_once(rig: Rig) -> None:
    at_work(rig, {"broker": API, "queue": LIMITED})
    before = list(rig.broker.upkeep.asked)
    rig.start()
    rig.run()
    rig.sweep()
    assert rig.broker.upkeep.asked == before
    rig.pass_seconds(40)
    assert rig.broker.upkeep.asked == [*before, "arguments", "policies"]


def test_with_the_queue_its_policy_goes(rig: Rig) -> None:
    given = at_work(rig, {"broker": API, "queue": LIMITED | {"deletionPolicy": "Delete"}})
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(30)
    assert rig.broker.upkeep.rows == []
    assert rig.cluster.events[-1]["reason"] == "QueueDeleted"


def test_a_policy_that_cannot_be_deleted_holds_up_nobody_and_is_named(rig: Rig) -> None:
    given = at_work(rig, {"broker": API, "queue": LIMITED | {"deletionPolicy": "Delete"}})
    rig.broker.upkeep.refusal = ManagementError(0, "the management API cannot be reached")
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(30)
    assert "policy workqueue.thumbnails could not be deleted" in rig.cluster.events[-1]["message"]


def test_who_finds_others_being_asked_comes_again_later_and_not_all_at_once(rig: Rig) -> None:
    # Given an API that holds everybody whom it may
    tending = rig.controller.stepper.tending
    at_work(rig, {"broker": API})
    asked = list(rig.broker.upkeep.asked)
    for _ in range(AT_ONCE):
        assert tending._asking.acquire(blocking=False)
    # When many come meanwhile
    state = rig.state()
    assert state.target is not None
    waits = []
    for _ in range(100):
        state.tended = Tended(state.tended.what if state.tended else (), due=rig.clock.seconds)
        waits.append(tending.tend(state, state.target[0])[1] or 0.0)
    # Then each has a turn of its own
    assert rig.broker.upkeep.asked == asked
    assert waits == sorted(waits)
    assert waits[-1] - waits[0] > 99 * APART_SECONDS - 0.01


def test_an_api_in_trouble_is_asked_again_by_one_after_another(rig: Rig) -> None:
    rig.broker.upkeep.refusal = ManagementError(401, "not a policymaker")
    at_work(rig, {"broker": API, "queue": LIMITED})
    tending, state = rig.controller.stepper.tending, rig.state()
    assert state.target is not None
    waits = []
    for _ in range(100):
        state.tended = Tended(state.tended.what if state.tended else (), due=rig.clock.seconds)
        waits.append(tending.tend(state, state.target[0])[1] or 0.0)
    assert waits[-1] - waits[0] > 99 * APART_SECONDS - 0.01
