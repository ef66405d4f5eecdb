"""When a status is worth a write, and what is written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core.builders import EARLY, LATE, READY, REPORT, known
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.status import Condition, Report, merge_patch, render
from workqueue_operator.core.statuswrites import (
    NUMBERS_EVERY_SECONDS,
    WORDS_EVERY_SECONDS,
    write_after_seconds,
)

Json = dict[str, Any]


TROUBLE = Condition(type="Ready", status=False, reason="QueueMismatch", message="durable = False")

ADVICE = Decision(workers=5, advised=8, reason=Reason.ADVISED, message="8 would run")


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
            replace(REPORT, decision=ADVICE),
            replace(REPORT, decision=replace(ADVICE, advised=9)),
            WORDS_EVERY_SECONDS,
            id="another advice, soon: nothing else shows it",
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
