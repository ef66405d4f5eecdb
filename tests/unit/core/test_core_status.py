"""The status: conditions that measure time, known numbers, and when it is worth a write."""

from dataclasses import replace
from typing import Any

import pytest

from unit.core.builders import EARLY, LATE, READY, REPORT, known
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.status import (
    Condition,
    render,
    with_condition,
)

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("old", "new", "since"),
    [
        pytest.param(True, True, EARLY, id="true stays true: since then"),
        pytest.param(False, False, EARLY, id="false stays false: since then"),
        pytest.param(None, None, EARLY, id="unknown stays unknown: since then"),
        pytest.param(True, False, LATE, id="true turns false: since now"),
        pytest.param(False, True, LATE, id="false turns true: since now"),
        pytest.param(True, None, LATE, id="true turns unknown: since now"),
        pytest.param(None, False, LATE, id="unknown turns false: since now"),
    ],
)
def test_the_time_moves_only_when_the_status_flips(
    old: bool | None, new: bool | None, since: str
) -> None:
    before = with_condition([], replace(READY, status=old), generation=1, now=EARLY)

    other = Condition(type="Ready", status=new, reason="Another", message="in other words")
    [after] = with_condition(before, other, generation=2, now=LATE)

    assert after["lastTransitionTime"] == since
    assert (after["reason"], after["observedGeneration"]) == ("Another", 2)


def test_conditions_of_others_stay_and_all_are_in_order() -> None:
    theirs = {"type": "Audited", "status": "True", "reason": "Yes", "message": ""}

    found = with_condition([theirs], READY, generation=1, now=EARLY)

    assert [each["type"] for each in found] == ["Audited", "Ready"]
    assert found[0] is theirs


def test_a_long_message_is_cut() -> None:
    [found] = with_condition([], replace(READY, message="x" * 5000), generation=1, now=EARLY)

    assert len(found["message"]) == 1024


def test_the_whole_status() -> None:
    assert render(REPORT, {}, now=LATE) == {
        "observedGeneration": 2,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Steady",
                "message": "all is well",
                "observedGeneration": 2,
                "lastTransitionTime": LATE,
            }
        ],
        "workers": {"desired": 5, "ready": 5, "busy": 3},
        "backlog": {"total": 43, "ready": 40, "unacked": 3},
        "lastDecision": {"reason": "Steady", "message": "needs 5", "workers": 5, "time": LATE},
        "lastScaleTime": EARLY,
        "selector": "workqueue.dev/name=mail",
        "queue": {"name": "mail"},
        "broker": {"address": "rabbitmq:5672/"},
    }


def test_what_is_not_known_is_absent_and_not_zero() -> None:
    report = replace(REPORT, busy=None, reading=known(ready=40, unacked=None))

    status = render(report, {}, now=LATE)

    assert status["workers"] == {"desired": 5, "ready": 5}
    assert status["backlog"] == {"total": 40, "ready": 40}


def test_what_was_never_known_is_absent() -> None:
    report = replace(REPORT, reading=None, decision=None, scaled_at=None, broker=None)

    assert render(report, {}, now=LATE).keys() == {
        "observedGeneration",
        "conditions",
        "workers",
        "selector",
        "queue",
    }


def test_given_a_silent_broker_then_what_was_known_before_stays() -> None:
    before = render(REPORT, {}, now=EARLY)
    report = replace(REPORT, reading=None, decision=None, scaled_at=None, broker=None)

    after = render(report, before, now=LATE)

    for kept in ("backlog", "lastDecision", "lastScaleTime", "broker"):
        assert after[kept] == before[kept]


@pytest.mark.parametrize(
    ("reason", "time"),
    [
        pytest.param(Reason.STEADY, EARLY, id="the same reason: since then"),
        pytest.param(Reason.COOLING_DOWN, LATE, id="another reason: since now"),
    ],
)
def test_a_decision_has_the_time_of_its_reason(reason: Reason, time: str) -> None:
    before = render(REPORT, {}, now=EARLY)
    decision = Decision(workers=5, reason=reason, message="in other words")

    after = render(replace(REPORT, decision=decision), before, now=LATE)

    assert after["lastDecision"]["time"] == time
    assert after["lastDecision"]["message"] == "in other words"
