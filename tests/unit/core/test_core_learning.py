"""What DrainSeconds reckons with, and what status says of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.learning import FIRST_START_SECONDS, Learned, Learner


def taught(
    *, tasks: list[tuple[int, float]] | None = None, starts: list[float] | None = None
) -> Learner:
    learner = Learner()
    for number, (count, seconds) in enumerate(tasks or ()):
        learner.learn_tasks(tasks=count, busy_seconds=seconds, now=number * 6.0)
    for number, seconds in enumerate(starts or ()):
        learner.learn_start(seconds=seconds, now=number * 6.0)
    return learner


def test_before_anything_was_measured_the_guesses_hold() -> None:
    assert Learner().learned(first_guess_seconds=4.0) == Learned.guess(task_seconds=4.0)
    assert Learned.guess(task_seconds=4.0).start_seconds == FIRST_START_SECONDS


def test_given_measurements_then_they_are_told_with_their_number() -> None:
    learned = taught(tasks=[(10, 20.0)] * 50, starts=[8.0] * 30).learned(first_guess_seconds=1.0)
    assert learned.task_seconds == pytest.approx(2.0, rel=0.01)
    assert learned.start_seconds == pytest.approx(8.0, rel=0.05)
    assert (learned.task_samples, learned.start_samples) == (50, 30)


def test_it_is_new_until_a_task_was_measured() -> None:
    assert taught(starts=[3.0]).is_new
    assert not taught(tasks=[(1, 3.0)]).is_new


def test_given_far_more_tasks_before_than_now_then_they_do_not_outweigh_what_is_now() -> None:
    # Given a measurement of very many tasks, and then as many of a few tasks each
    learned = taught(tasks=[(30_000, 30_000.0)] * 20 + [(30, 90.0)] * 20)
    assert learned.learned(first_guess_seconds=1.0).task_seconds > 2.2


@pytest.mark.parametrize(
    ("tasks", "seconds"),
    [
        pytest.param(0, 30.0, id="no task was finished"),
        pytest.param(-1, 30.0, id="fewer than none"),
        pytest.param(1, math.nan, id="not a number"),
        pytest.param(1, math.inf, id="for ever"),
    ],
)
def test_what_is_no_measurement_teaches_nothing(tasks: int, seconds: float) -> None:
    assert taught(tasks=[(tasks, seconds)]).learned(first_guess_seconds=1.0).task_samples == 0


@given(
    tasks=st.lists(st.tuples(st.integers(-5, 10**9), st.floats()), max_size=20),
    starts=st.lists(st.floats(), max_size=20),
    readings=st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 1e4)), max_size=20),
    guess=st.floats(0.001, 86400),
)
def test_whatever_it_is_told_what_is_learned_can_be_reckoned_with(
    tasks: list[tuple[int, float]],
    starts: list[float],
    readings: list[tuple[int, float]],
    guess: float,
) -> None:
    learner = taught(tasks=tasks, starts=starts)
    for number, (backlog, busy) in enumerate(readings):
        learner.learn_flow(backlog=backlog, busy=busy, now=number * 5.0)
    learned = learner.learned(first_guess_seconds=guess)
    assert 0 < learned.task_seconds < math.inf
    assert 0 < learned.start_seconds < math.inf
    assert learned.arrivals_per_second is None or 0 <= learned.arrivals_per_second < math.inf


def test_arrivals_count_the_work_by_what_is_learned_of_tasks() -> None:
    # Given four workers that are always busy, and a backlog that stays
    learner = Learner()
    for at in range(60):
        learner.learn_flow(backlog=9, busy=4.0, now=float(at))
    # Then what they finish must arrive: by the guess, and later by what was measured
    assert learner.learned(first_guess_seconds=1.0).arrivals_per_second == pytest.approx(4.0)
    for at in range(60):
        learner.learn_tasks(tasks=5, busy_seconds=10.0, now=float(at))
    told = learner.learned(first_guess_seconds=1.0).arrivals_per_second
    assert told == pytest.approx(2.0, rel=0.01)


def test_a_gap_leaves_out_what_arrived_meanwhile() -> None:
    learner = Learner()
    for at in range(30):
        learner.learn_flow(backlog=at, busy=0.0, now=float(at))
    learner.forget_flow()
    learner.learn_flow(backlog=9000, busy=0.0, now=30.0)
    assert learner.learned(first_guess_seconds=1.0).arrivals_per_second == pytest.approx(1.0)


def test_status_says_it_with_three_digits() -> None:
    told = Learned(
        task_seconds=1.23456,
        task_samples=12,
        start_seconds=0.0001234,
        start_samples=3,
        arrivals_per_second=98765.4,
    )
    assert told.to_status() == {
        "taskSeconds": 1.23,
        "taskSamples": 12,
        "startSeconds": 0.000123,
        "startSamples": 3,
        "arrivalsPerSecond": 98800.0,
    }


def test_status_does_not_speak_of_arrivals_that_nobody_knows() -> None:
    assert "arrivalsPerSecond" not in Learned.guess(task_seconds=1.0).to_status()


def test_after_a_restart_it_goes_on_with_what_status_says() -> None:
    status = taught(tasks=[(10, 20.0)] * 50, starts=[8.0] * 30).learned(first_guess_seconds=1.0)
    again = Learner.from_status(status.to_status()).learned(first_guess_seconds=1.0)
    assert again.task_seconds == pytest.approx(2.0, rel=0.03)
    assert again.start_seconds == pytest.approx(8.0, rel=0.05)
    assert (again.task_samples, again.start_samples) == (50, 30)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({}, id="nothing was learned"),
        pytest.param(Learned.guess(task_seconds=9.0).to_status(), id="guesses only"),
        pytest.param({"taskSamples": 3}, id="a number without its seconds"),
    ],
)
def test_a_guess_is_not_taken_for_a_measurement(status: dict[str, float]) -> None:
    learned = Learner.from_status(status).learned(first_guess_seconds=4.0)
    assert learned == Learned.guess(task_seconds=4.0)
