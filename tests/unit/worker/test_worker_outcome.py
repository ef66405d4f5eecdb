"""What becomes of a task: a table of stories, and two properties for the whole domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_worker.outcome import (
    MAX_ERROR_CHARACTERS,
    Acknowledge,
    Dead,
    HandBack,
    Ok,
    Outcome,
    PublishAgain,
    Reason,
    Release,
    Retry,
    Rules,
    Ruling,
    label,
)

RULES = Rules(queue="mail", dead_letter_queue="mail.dead", max_attempts=3)
NEVER_GIVEN_UP = Rules(queue="mail", dead_letter_queue="", max_attempts=3)


def again(queue: str, failures: int, reason: Reason | None = None) -> PublishAgain:
    return PublishAgain(queue=queue, failures=failures, error="x", reason=reason)


@pytest.mark.parametrize(
    ("rules", "outcome", "earlier", "expected", "counted"),
    [
        pytest.param(RULES, Ok(), 2, Acknowledge(), "ok", id="done work is acknowledged"),
        pytest.param(
            RULES,
            Release("leaving"),
            2,
            HandBack("leaving"),
            "release",
            id="what is released goes back as it came",
        ),
        pytest.param(
            RULES, Retry("x"), 0, again("mail", 1), "retry", id="a first failure is tried again"
        ),
        pytest.param(
            RULES,
            Retry("x"),
            2,
            again("mail.dead", 3, "MaxAttempts"),
            "dead",
            id="the last attempt that fails ends in the dead letters",
        ),
        pytest.param(
            RULES,
            Retry("x"),
            7,
            again("mail.dead", 8, "MaxAttempts"),
            "dead",
            id="maxAttempts lowered below what a task has had gives it up at its next failure",
        ),
        pytest.param(
            RULES,
            Dead("x"),
            0,
            again("mail.dead", 1, "DeadLetter"),
            "dead",
            id="a hopeless task ends in the dead letters at once",
        ),
        pytest.param(
            NEVER_GIVEN_UP,
            Retry("x"),
            99,
            again("mail", 100),
            "retry",
            id="without dead letters nothing is ever given up",
        ),
        pytest.param(
            NEVER_GIVEN_UP,
            Dead("x"),
            0,
            again("mail", 1),
            "retry",
            id="without dead letters a hopeless task is a failure like others",
        ),
    ],
)
def test_what_becomes_of_a_task(
    rules: Rules, outcome: Outcome, earlier: int, expected: Ruling, counted: str
) -> None:
    ruling = rules.rule(outcome, earlier_failures=earlier)
    assert ruling == expected
    assert label(ruling) == counted


def test_given_a_timeout_when_it_is_tried_again_then_it_is_counted_apart() -> None:
    assert label(RULES.rule(Retry("x", timed_out=True), earlier_failures=0)) == "timeout"


def test_given_a_timeout_at_the_last_attempt_then_it_counts_as_dead() -> None:
    assert label(RULES.rule(Retry("x", timed_out=True), earlier_failures=2)) == "dead"


@given(
    error=st.text(max_size=3000),
    earlier=st.integers(0, 10**6),
    max_attempts=st.integers(1, 1000),
    dead_letters=st.sampled_from(["", "q.dead"]),
    hopeless=st.booleans(),
)
def test_a_failure_is_never_acknowledged_before_it_is_published_somewhere(
    error: str, earlier: int, max_attempts: int, dead_letters: str, hopeless: bool
) -> None:
    rules = Rules(queue="q", dead_letter_queue=dead_letters, max_attempts=max_attempts)
    outcome = Dead(error) if hopeless else Retry(error)
    ruling = rules.rule(outcome, earlier_failures=earlier)
    assert isinstance(ruling, PublishAgain)
    assert ruling.queue in {"q", "q.dead"}
    assert ruling.failures == earlier + 1
    assert len(ruling.error) <= MAX_ERROR_CHARACTERS
    assert (ruling.queue == "q.dead") == (ruling.reason is not None)


@given(max_attempts=st.integers(1, 50))
def test_a_task_that_always_fails_is_tried_max_attempts_times(max_attempts: int) -> None:
    rules = Rules(queue="q", dead_letter_queue="q.dead", max_attempts=max_attempts)
    attempts, failures, queue = 0, 0, "q"
    while queue == "q":
        ruling = rules.rule(Retry("x"), earlier_failures=failures)
        assert isinstance(ruling, PublishAgain)
        attempts, failures, queue = attempts + 1, ruling.failures, ruling.queue
    assert attempts == max_attempts
