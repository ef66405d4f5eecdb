"""How long a failed task waits, and when a task that ends its workers is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_worker.outcome import Dead, PublishAgain, Retry, Rules, label

STEPS = (1, 10, 60)
RULES = Rules(
    queue="mail",
    dead_letter_queue="mail.dead",
    max_attempts=9,
    retry_delays_seconds=STEPS,
    max_crashes=3,
)
AT_ONCE = Rules(queue="mail", dead_letter_queue="mail.dead", max_attempts=9)


@pytest.mark.parametrize(
    ("rules", "failures", "after_seconds", "queue"),
    [
        pytest.param(RULES, 1, None, "mail.retry.1", id="the first failure waits the first step"),
        pytest.param(RULES, 3, None, "mail.retry.60", id="the third the third"),
        pytest.param(RULES, 8, None, "mail.retry.60", id="further ones the last step"),
        pytest.param(RULES, 1, 9.5, "mail.retry.10", id="what is asked for is rounded up"),
        pytest.param(RULES, 3, 1, "mail.retry.1", id="a step itself is kept"),
        pytest.param(RULES, 1, 3600, "mail.retry.60", id="more than all is the longest"),
        pytest.param(RULES, 1, float("inf"), "mail.retry.60", id="endless is the longest"),
        pytest.param(RULES, 2, float("nan"), "mail.retry.10", id="no number asks for nothing"),
        pytest.param(RULES, 3, 0, "mail", id="zero is at once"),
        pytest.param(AT_ONCE, 5, None, "mail", id="without steps at once"),
        pytest.param(AT_ONCE, 5, 30, "mail", id="without steps at once, whatever is asked for"),
    ],
)
def test_where_a_failed_task_waits(
    rules: Rules, failures: int, after_seconds: float | None, queue: str
) -> None:
    ruling = rules.rule(
        Retry("x", after_seconds=after_seconds), earlier_failures=failures - 1, earlier_crashes=1
    )
    assert ruling == PublishAgain(queue=queue, failures=failures, error="x", reason=None, crashes=1)


def test_given_the_last_attempt_then_it_does_not_wait_for_the_dead_letters() -> None:
    ruling = RULES.rule(Retry("x", after_seconds=60), earlier_failures=8)
    assert isinstance(ruling, PublishAgain)
    assert (ruling.queue, ruling.reason) == ("mail.dead", "MaxAttempts")


def test_given_no_dead_letters_then_a_hopeless_task_waits_like_others() -> None:
    rules = Rules(queue="q", dead_letter_queue="", max_attempts=1, retry_delays_seconds=(5,))
    ruling = rules.rule(Dead("x"), earlier_failures=0)
    assert isinstance(ruling, PublishAgain)
    assert ruling.queue == "q.retry.5"


@given(
    steps=st.lists(st.integers(1, 86400), min_size=1, max_size=8, unique=True).map(sorted),
    after=st.floats(min_value=0.001, max_value=10**6),
    failures=st.integers(1, 50),
)
def test_a_task_waits_at_least_what_it_asked_for_where_any_step_allows_it(
    steps: list[int], after: float, failures: int
) -> None:
    rules = Rules(
        queue="q", dead_letter_queue="", max_attempts=1, retry_delays_seconds=tuple(steps)
    )
    waits = int(rules.retry_queue(failures, after).removeprefix("q.retry."))
    assert waits in steps
    assert waits >= min(after, steps[-1])
    assert not [step for step in steps if after <= step < waits], "a shorter one would do"


@pytest.mark.parametrize(
    ("rules", "crashes", "given_up"),
    [
        pytest.param(RULES, 2, False, id="below the limit it is tried"),
        pytest.param(RULES, 3, True, id="at the limit it is given up"),
        pytest.param(RULES, 7, True, id="a limit lowered below what it has had gives it up"),
        pytest.param(AT_ONCE, 99, False, id="without a limit it is always tried"),
    ],
)
def test_when_a_task_that_ends_its_workers_is_given_up(
    rules: Rules, crashes: int, given_up: bool
) -> None:
    ruling = rules.rule_on_crashes(crashes=crashes, earlier_failures=2)
    assert (ruling is not None) == given_up
    if ruling is not None:
        assert (ruling.queue, ruling.reason) == ("mail.dead", "MaxCrashes")
        assert (ruling.failures, ruling.crashes) == (2, crashes), "crashes are no own failures"
        assert label(ruling) == "dead"


def test_given_no_dead_letters_then_no_number_of_crashes_gives_a_task_up() -> None:
    rules = Rules(queue="q", dead_letter_queue="", max_attempts=1, max_crashes=1)
    assert rules.rule_on_crashes(crashes=5, earlier_failures=0) is None
