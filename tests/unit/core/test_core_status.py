"""The status: conditions that measure time, known numbers, and when it is worth a write."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core.builders import known
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.status import (
    NUMBERS_EVERY_SECONDS,
    WORDS_EVERY_SECONDS,
    Condition,
    Report,
    merge_patch,
    render,
    with_condition,
    write_after_seconds,
)

Json = dict[str, Any]
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"
READY = Condition(type="Ready", status=True, reason="Steady", message="all is well")
REPORT = Report(
    generation=2,
    conditions=[READY],
    desired=5,
    ready=5,
    busy=3,
    reading=known(ready=40, unacked=3),
    decision=Decision(workers=5, reason=Reason.STEADY, message="needs 5"),
    scaled_at=EARLY,
    selector="workqueue.dev/name=mail",
    queue="mail",
    broker="rabbitmq:5672/",
)


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
        "lastDecision": {"reason": "Steady", "message": "needs 5", "time": LATE},
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


TROUBLE = Condition(type="Ready", status=False, reason="QueueMismatch", message="durable = False")


def status_of(report: Report = REPORT) -> Json:
    return render(report, {}, now=EARLY)


@pytest.mark.parametrize(
    ("before", "after", "seconds"),
    [
        pytest.param(REPORT, REPORT, None, id="nothing changed"),
        pytest.param(REPORT, replace(REPORT, desired=6), 0, id="a step is told at once"),
        pytest.param(replace(REPORT, ready=4), REPORT, 0, id="all workers are ready: told at once"),
        pytest.param(REPORT, replace(REPORT, generation=3), 0, id="a new generation at once"),
        pytest.param(REPORT, replace(REPORT, scaled_at=LATE), 0, id="the time of a step at once"),
        pytest.param(REPORT, replace(REPORT, broker="other:5672/"), 0, id="another broker at once"),
        pytest.param(REPORT, replace(REPORT, conditions=[TROUBLE]), 0, id="a trouble at once"),
        pytest.param(
            replace(REPORT, conditions=[TROUBLE]),
            replace(REPORT, conditions=[replace(TROUBLE, reason="AccessRefused")]),
            0,
            id="another trouble at once",
        ),
        pytest.param(
            replace(REPORT, conditions=[TROUBLE]),
            replace(REPORT, conditions=[replace(TROUBLE, message="x-overflow = none")]),
            WORDS_EVERY_SECONDS,
            id="the next thing to mend, of the same reason, soon",
        ),
        pytest.param(
            replace(REPORT, conditions=[replace(TROUBLE, message="31 s old")]),
            replace(REPORT, conditions=[replace(TROUBLE, message="32 s old")]),
            NUMBERS_EVERY_SECONDS,
            id="the same trouble with other numbers, now and then",
        ),
        pytest.param(
            REPORT,
            replace(REPORT, conditions=[replace(READY, reason="CoolingDown")]),
            WORDS_EVERY_SECONDS,
            id="another reason, soon",
        ),
        pytest.param(
            REPORT,
            replace(REPORT, conditions=[replace(READY, message="all is very well")]),
            None,
            id="the same in other words, when something else is told",
        ),
        pytest.param(
            REPORT,
            replace(REPORT, reading=known(ready=60, unacked=3)),
            NUMBERS_EVERY_SECONDS,
            id="a backlog that moved, now and then",
        ),
        pytest.param(
            REPORT,
            replace(REPORT, reading=known(ready=41, unacked=3)),
            None,
            id="a backlog that hardly moved, never",
        ),
        pytest.param(
            replace(REPORT, reading=known(ready=1000, unacked=1)),
            replace(REPORT, reading=known(ready=1000, unacked=0)),
            NUMBERS_EVERY_SECONDS,
            id="zero is always a move",
        ),
        pytest.param(
            replace(REPORT, reading=known(ready=40, unacked=None)),
            replace(REPORT, reading=known(ready=40, unacked=0)),
            NUMBERS_EVERY_SECONDS,
            id="and so is zero after unknown",
        ),
        pytest.param(
            replace(REPORT, ready=2),
            replace(REPORT, ready=3),
            NUMBERS_EVERY_SECONDS,
            id="workers on their way, now and then",
        ),
    ],
)
def test_when_a_status_is_worth_a_write(
    before: Report, after: Report, seconds: float | None
) -> None:
    assert write_after_seconds(status_of(before), status_of(after)) == seconds


def test_the_first_status_is_told_at_once() -> None:
    assert write_after_seconds({}, status_of()) == 0


VALUES = st.recursive(
    st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abcd"), below, max_size=4),
)
TREES = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """As the API server does (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply_merge_patch(merged.get(key), value)
    return merged


@given(old=TREES, new=TREES)
def test_a_merge_patch_makes_the_old_status_into_the_new(old: Json, new: Json) -> None:
    assert apply_merge_patch(old, merge_patch(old, new)) == new


def test_given_a_count_that_is_not_known_any_more_then_the_patch_takes_it_away() -> None:
    before = status_of()
    after = status_of(replace(REPORT, busy=None, reading=known(ready=40, unacked=None)))

    patch = merge_patch(before, after)

    assert patch["backlog"]["unacked"] is None
    assert patch["workers"]["busy"] is None
