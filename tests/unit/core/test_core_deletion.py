"""What becomes of a deleted WorkQueue's queue: never a task lost without being asked."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core.builders import MISSING, UNKNOWN, known
from workqueue_operator.core.deletion import Standing, Verdict, judge, why_kept
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Known, Reading

Policy = Literal["Retain", "DeleteIfEmpty", "Delete"]
EMPTY, TASKS = known(), known(ready=3, unacked=1)


def standing(reading: Reading | None, *, proven: bool = False, late: bool = False) -> Standing:
    return Standing(reading=reading, zero_is_proven=proven, overdue=late)


@pytest.mark.parametrize(
    ("policy", "now", "verdict", "why"),
    [
        pytest.param("Retain", standing(EMPTY), Verdict.KEEP, "Retain", id="Retain keeps"),
        pytest.param("Retain", standing(None), Verdict.KEEP, "Retain", id="and asks nobody"),
        pytest.param("Delete", standing(EMPTY), Verdict.DELETE, "0 tasks", id="Delete deletes"),
        pytest.param("Delete", standing(TASKS), Verdict.DELETE, "3 tasks", id="with its tasks"),
        pytest.param("Delete", standing(MISSING), Verdict.DELETE, "gone", id="it is gone already"),
        pytest.param("Delete", standing(UNKNOWN), Verdict.WAIT, "refused", id="a silent broker"),
        pytest.param("Delete", standing(None), Verdict.WAIT, "no reading", id="nothing read yet"),
        pytest.param(
            "Delete", standing(UNKNOWN, late=True), Verdict.LEAVE_BEHIND, "refused", id="for long"
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(None, late=True),
            Verdict.LEAVE_BEHIND,
            "no reading",
            id="for long, from the start",
        ),
        pytest.param("DeleteIfEmpty", standing(MISSING), Verdict.DELETE, "gone", id="no queue"),
        pytest.param(
            "DeleteIfEmpty", standing(TASKS), Verdict.KEEP, "it holds 4 tasks", id="tasks wait"
        ),
        pytest.param(
            "DeleteIfEmpty", standing(EMPTY), Verdict.WAIT, "several times", id="one zero"
        ),
        pytest.param(
            "DeleteIfEmpty", standing(EMPTY, proven=True), Verdict.DELETE, "is empty", id="proven"
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(known(unacked=1, consumers=0), proven=True),
            Verdict.WAIT,
            "1 tasks are still in work",
            id="a task in work, or a count that is some seconds old",
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(known(unacked=1, consumers=0), proven=True, late=True),
            Verdict.KEEP,
            "1 tasks are still in work",
            id="a task in work for ever",
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(known(unacked=None, consumers=2), proven=True),
            Verdict.WAIT,
            "2 consumers that are not ours",
            id="somebody else consumes, and may hold tasks",
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(known(unacked=None, consumers=2), proven=True, late=True),
            Verdict.KEEP,
            "2 consumers that are not ours",
            id="somebody else consumes for ever",
        ),
        pytest.param(
            "DeleteIfEmpty",
            standing(known(unacked=None, consumers=0), proven=True),
            Verdict.DELETE,
            "is empty",
            id="nobody consumes, so nothing is in work",
        ),
    ],
)
def test_verdict(policy: Policy, now: Standing, verdict: Verdict, why: str) -> None:
    found, words = judge(policy, now)

    assert found is verdict
    assert why in words


@given(
    ready=st.integers(0, 3),
    unacked=st.none() | st.integers(0, 3),
    consumers=st.integers(0, 3),
    proven=st.booleans(),
    late=st.booleans(),
)
def test_if_empty_deletes_nothing_that_may_hold_a_task(
    ready: int, unacked: int | None, consumers: int, proven: bool, late: bool
) -> None:
    reading = Known(ready=ready, unacked=unacked, consumers=consumers, at=0)

    verdict, _ = judge("DeleteIfEmpty", standing(reading, proven=proven, late=late))

    assert verdict is not Verdict.DELETE or (
        ready == 0 and not unacked and consumers == 0 and proven
    )


def status(reason: str) -> dict[str, list[dict[str, str]]]:
    return {"conditions": [{"type": "QueueReady", "reason": reason}]}


@pytest.mark.parametrize(
    ("policy", "reason", "declared", "words"),
    [
        pytest.param("Retain", "Declared", True, "deletionPolicy is Retain", id="Retain"),
        pytest.param("Delete", "SecretMissing", False, "never had", id="it was never declared"),
        pytest.param("Delete", "QueueMismatch", True, "is not the one", id="another one is there"),
        pytest.param("DeleteIfEmpty", "QueueMismatch", False, "never had", id="and ever was"),
    ],
)
def test_a_queue_that_is_not_ours_is_left_alone(
    policy: Policy, reason: str, declared: bool, words: str
) -> None:
    assert words in str(why_kept(queue(policy), status(reason), declared=declared))


@pytest.mark.parametrize("policy", ["Delete", "DeleteIfEmpty"])
def test_a_queue_that_was_declared_is_ours_even_while_nothing_is_known(policy: Policy) -> None:
    assert why_kept(queue(policy), status("BrokerUnreachable"), declared=True) is None


def queue(policy: Policy) -> Queue:
    return Queue(
        name="q",
        type="Quorum",
        delivery_limit=None,
        dead_letters="Declare",
        deletion_policy=policy,
    )
