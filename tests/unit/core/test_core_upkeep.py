"""What may change after the declaration, and whether the broker has what is asked for."""

from typing import Any

import pytest

from unit.core.builders import workqueue
from workqueue_operator.core.queues import Queue, arguments
from workqueue_operator.core.upkeep import (
    PRIORITY,
    Action,
    ManagementError,
    Policy,
    definition,
    drift,
    judge,
    policy_body,
    policy_name,
    refused,
    unseen,
    without_management,
)

WANTED = {"max-length": 1000}
HOUR = {"consumer-timeout": 3_900_000}


def asked(queue: dict[str, Any] | None = None) -> Queue:
    return workqueue({"queue": queue or {}}).queue


def policy(name: str = "theirs", **changed: Any) -> Policy:
    usual: dict[str, Any] = {
        "pattern": "^thumb",
        "apply_to": "all",
        "priority": 5,
        "definition": {"max-length": 7},
    }
    return Policy(name=name, **(usual | changed))


def ours(wanted: dict[str, int], **changed: Any) -> Policy:
    pattern = policy_body("thumbnails", wanted)["pattern"]
    usual: dict[str, Any] = {"pattern": pattern, "apply_to": "queues", "priority": PRIORITY}
    return Policy(name="workqueue.thumbnails", definition=wanted, **(usual | changed))


@pytest.mark.parametrize(
    ("spec", "task_seconds", "expected"),
    [
        pytest.param({}, 600, {}, id="nothing is asked for"),
        pytest.param({}, 1500, {}, id="the broker's own half hour is just enough"),
        pytest.param({}, 1501, {"consumer-timeout": 1_801_000}, id="a second more is not"),
        pytest.param(
            {"maxLength": 5, "maxLengthBytes": 99, "messageTtlSeconds": 3},
            10,
            {"max-length": 5, "max-length-bytes": 99, "message-ttl": 3000},
            id="all the limits, in the broker's units",
        ),
    ],
)
def test_the_policy_is_what_is_asked_for_and_no_more(
    spec: dict[str, int], task_seconds: int, expected: dict[str, int]
) -> None:
    queue = asked({"policy": spec})
    assert definition(queue, task_timeout_seconds=task_seconds) == expected


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("mail", "^mail$"),
        ("a.b", r"^a\.b$"),
        ("a+b*c", r"^a\+b\*c$"),
        ("grüße/%@", "^grüße/%@$"),
    ],
)
def test_the_pattern_means_one_queue(name: str, pattern: str) -> None:
    assert policy_body(name, WANTED)["pattern"] == pattern
    assert policy_name(name) == f"workqueue.{name}"


@pytest.mark.parametrize(
    ("wanted", "there", "action", "reason"),
    [
        pytest.param({}, [], Action.NOTHING, "NothingAsked", id="nothing asked, nothing there"),
        pytest.param({}, [ours(WANTED)], Action.REMOVE, "NothingAsked", id="asked no more"),
        pytest.param({}, [policy()], Action.NOTHING, "NothingAsked", id="theirs is theirs"),
        pytest.param(WANTED, [], Action.WRITE, "PolicyWritten", id="asked, and not there"),
        pytest.param(WANTED, [ours(WANTED)], Action.NOTHING, "PolicyWritten", id="it is there"),
        pytest.param(
            WANTED, [ours({"max-length": 1})], Action.WRITE, "PolicyWritten", id="it was changed"
        ),
        pytest.param(
            WANTED, [ours(WANTED, pattern="^x$")], Action.WRITE, "PolicyWritten", id="misdirected"
        ),
        pytest.param(
            WANTED,
            [policy(apply_to="exchanges"), policy(apply_to="classic_queues")],
            Action.WRITE,
            "PolicyWritten",
            id="those for other things do not count",
        ),
        pytest.param(
            WANTED, [policy(pattern="^mail")], Action.WRITE, "PolicyWritten", id="nor for others"
        ),
        pytest.param(
            WANTED,
            [policy(name="workqueue.mail", pattern="^mail$")],
            Action.WRITE,
            "PolicyWritten",
            id="nor ours of another queue",
        ),
        pytest.param(
            WANTED,
            [policy(name="workqueue.mail", pattern="^.*$")],
            Action.NOTHING,
            "PolicyShadowed",
            id="one that has a name like ours, and was changed to mean all",
        ),
        pytest.param(WANTED, [policy()], Action.NOTHING, "PolicyShadowed", id="above ours"),
        pytest.param(
            WANTED,
            [policy(priority=PRIORITY - 1)],
            Action.NOTHING,
            "PolicyShadowed",
            id="one that ours would outrank",
        ),
        pytest.param(
            WANTED,
            [ours(WANTED), policy(priority=PRIORITY)],
            Action.REMOVE,
            "PolicyShadowed",
            id="one that ours outranks, or may: ours goes out of its way",
        ),
        pytest.param(
            WANTED,
            [ours(WANTED, priority=0)],
            Action.WRITE,
            "PolicyWritten",
            id="somebody gave ours another priority",
        ),
        pytest.param(
            WANTED,
            [ours(WANTED), policy(apply_to="quorum_queues")],
            Action.NOTHING,
            "PolicyShadowed",
            id="one that came later",
        ),
        pytest.param(
            WANTED, [policy(pattern="(?P>x")], Action.NOTHING, "PolicyShadowed", id="unreadable"
        ),
        pytest.param(
            WANTED,
            [policy(definition={"max-length": 1000, "x": 1}), policy("low", priority=1)],
            Action.NOTHING,
            "InAnotherPolicy",
            id="theirs has it",
        ),
        pytest.param(
            HOUR,
            [policy(definition={"consumer-timeout": 7_200_000})],
            Action.NOTHING,
            "InAnotherPolicy",
            id="theirs waits longer",
        ),
        pytest.param(
            HOUR,
            [policy(definition={"consumer-timeout": 60_000})],
            Action.NOTHING,
            "PolicyShadowed",
            id="theirs does not wait long enough",
        ),
        pytest.param(HOUR, [policy()], Action.NOTHING, "PolicyShadowed", id="theirs knows none"),
    ],
)
def test_a_policy_of_others_is_never_touched(
    wanted: dict[str, int], there: list[Policy], action: Action, reason: str
) -> None:
    what, said = judge(asked(), wanted, there)
    assert (what, said.reason) == (action, reason)
    assert said.status is (reason != "PolicyShadowed")


def test_without_a_management_address_it_is_said_what_is_not_in_force() -> None:
    assert without_management({}) is None
    limits = without_management(WANTED | HOUR)
    assert limits is not None
    assert (limits.status, limits.reason) == (False, "ManagementMissing")
    assert "max-length=1000, consumer-timeout=3900000" in limits.message
    timeout = without_management(HOUR)
    assert timeout is not None
    assert (timeout.status, timeout.reason) == (False, "ConsumerTimeoutTooShort")
    assert "consumer_timeout = 3900000" in timeout.message


@pytest.mark.parametrize(
    ("wanted", "status", "words", "reason"),
    [
        (WANTED, 401, "Not authorised", "PolicyNotPermitted"),
        (WANTED, 403, "", "PolicyNotPermitted"),
        (HOUR, 400, "not recognised policy settings: consumer-timeout", "ConsumerTimeoutTooShort"),
        (WANTED, 400, "it is too much", "PolicyRefused"),
        (HOUR, 0, "the management API did not answer", "PolicyNotKnown"),
        (WANTED, 503, "", "PolicyNotKnown"),
    ],
)
def test_a_refusal_tells_the_way_out(
    wanted: dict[str, int], status: int, words: str, reason: str
) -> None:
    trouble = ManagementError(status, words)
    said = refused(wanted, trouble.status, str(trouble))
    assert (said.status, said.reason) == (None if reason == "PolicyNotKnown" else False, reason)


def test_what_the_broker_ignored_is_named() -> None:
    queue = asked({"arguments": {"x-max-priority": 5}})
    same = drift(queue, arguments(queue) | {"x-queue-version": 2})
    assert (same.status, same.reason) == (True, "InSync")
    other = drift(queue, {key: v for key, v in arguments(queue).items() if key != "x-max-priority"})
    assert (other.status, other.reason) == (False, "ArgumentsDiffer")
    assert "x-max-priority: asked for 5, it has 'none'" in other.message
    assert unseen("nobody says").status is None
