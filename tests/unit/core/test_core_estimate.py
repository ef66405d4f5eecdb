"""A duration that is learned: within what was measured, moved little by one wild measurement."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.estimate import (
    HALF_LIFE_SECONDS,
    LEAST_SECONDS,
    MOST_SECONDS,
    Estimate,
)

SECONDS = st.floats(LEAST_SECONDS, MOST_SECONDS)
WEIGHTS = st.floats(1, 1e5)
WHATEVER = st.floats(allow_nan=True, allow_infinity=True)
EVERY_SECONDS = 6.0


def estimate_of(measured: Iterable[float], *, weight: float = 1) -> Estimate:
    estimate = Estimate()
    for seconds in measured:
        add(estimate, seconds, weight=weight)
    return estimate


def add(estimate: Estimate, seconds: float, *, weight: float = 1) -> None:
    estimate.learn(seconds, weight=weight, now=estimate.samples * EVERY_SECONDS)


@given(st.lists(st.tuples(SECONDS, WEIGHTS), min_size=1, max_size=60))
def test_it_stays_within_what_was_measured(measured: list[tuple[float, float]]) -> None:
    estimate = Estimate()
    for seconds, weight in measured:
        add(estimate, seconds, weight=weight)

    seen = [seconds for seconds, _ in measured]
    assert min(seen) * (1 - 1e-9) <= estimate.seconds <= max(seen) * (1 + 1e-9)
    assert estimate.samples == len(measured)


@given(st.lists(st.tuples(WHATEVER, WHATEVER, st.floats(0, 1e9)), max_size=40), SECONDS)
def test_whatever_it_is_told_it_is_above_zero_and_finite(
    measured: list[tuple[float, float, float]], guess: float
) -> None:
    estimate = Estimate()
    for seconds, weight, now in measured:
        estimate.learn(seconds, weight=weight, now=now)

    assert LEAST_SECONDS * (1 - 1e-9) <= estimate.with_guess(guess) <= MOST_SECONDS * (1 + 1e-9)


@given(
    before=st.lists(st.tuples(st.floats(1, 3.9), WEIGHTS), min_size=3, max_size=60),
    wild=WHATEVER.filter(math.isfinite),
    weight=WEIGHTS,
)
def test_one_wild_measurement_among_others_moves_it_little(
    before: list[tuple[float, float]], wild: float, weight: float
) -> None:
    estimate = Estimate()
    for seconds, each in before:
        add(estimate, seconds, weight=each)
    was = estimate.seconds

    add(estimate, wild, weight=weight)

    assert 0.75 * (1 - 1e-9) <= estimate.seconds / was <= 1.75 * (1 + 1e-9)


@given(st.lists(SECONDS, min_size=1, max_size=12), SECONDS)
def test_nothing_ever_moves_it_by_more_than_a_factor_of_ten(
    before: list[float], then: float
) -> None:
    estimate = estimate_of(before)
    was = estimate.seconds
    add(estimate, then)
    assert 0.1 * (1 - 1e-9) <= estimate.seconds / was <= 10 * (1 + 1e-9)


def test_given_a_change_beyond_measure_then_each_that_is_believed_moves_it_tenfold() -> None:
    estimate = estimate_of([1.0] * 30 + [MOST_SECONDS] * 3)
    story = []
    for _ in range(3):
        was = estimate.seconds
        add(estimate, MOST_SECONDS)
        story.append(estimate.seconds / was)
    assert story[:2] == pytest.approx([10, 10])


@given(st.integers(30, 200), st.sampled_from([LEAST_SECONDS, MOST_SECONDS]))
def test_the_more_were_alike_the_less_a_wild_one_moves_it(alike: int, wild: float) -> None:
    estimate = estimate_of([1.0] * alike)

    add(estimate, wild)

    assert 0.92 <= estimate.seconds <= 1.25


@pytest.mark.parametrize(
    "factor", [0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0], ids="becomes {} times".format
)
@pytest.mark.parametrize("weight", [1.0, 500.0], ids="{} tasks each".format)
def test_a_lasting_change_is_followed(factor: float, weight: float) -> None:
    estimate = estimate_of([1.0] * 100, weight=weight)

    for _ in range(10):
        add(estimate, factor, weight=weight)
    near = estimate.seconds
    for _ in range(90):
        add(estimate, factor, weight=weight)

    assert abs(math.log(near / factor)) < math.log(3)
    assert estimate.seconds == pytest.approx(factor, rel=0.01)


def test_given_much_slower_tasks_then_the_first_few_are_taken_for_an_accident() -> None:
    estimate = estimate_of([1.0] * 100)
    story = []
    for _ in range(7):
        add(estimate, 100.0)
        story.append(estimate.seconds)
    assert story[2] < 2
    assert story[3] > 10
    assert story[6] > 50


def test_given_tasks_that_become_a_thousand_times_rarer_then_the_few_are_believed() -> None:
    estimate = estimate_of([0.001] * 50, weight=30_000)
    for _ in range(10):
        add(estimate, 30.0, weight=1)
    assert estimate.seconds > 10


def test_given_a_first_measurement_that_was_wild_then_ten_mend_it() -> None:
    assert estimate_of([MOST_SECONDS, *[1.0] * 10]).seconds < 3


def test_a_measurement_weighs_as_much_as_the_tasks_in_it() -> None:
    estimate = estimate_of([1.0] * 50, weight=9)
    add(estimate, 3.0, weight=1)
    alone = estimate.seconds
    add(estimate, 3.0, weight=9)
    assert alone == pytest.approx(1.015, abs=0.003)
    assert estimate.seconds > 1.1


def test_given_a_night_without_tasks_then_the_first_of_the_morning_say_most() -> None:
    evening = estimate_of([1.0] * 100)
    evening.learn(2.0, weight=1, now=100 * EVERY_SECONDS + 8 * 3600)
    at_once = estimate_of([1.0] * 100)
    add(at_once, 2.0)
    assert at_once.seconds < 1.08
    assert evening.seconds == pytest.approx(1.25)


def test_half_as_old_counts_half_as_much() -> None:
    young, old = estimate_of([1.0] * 40), estimate_of([1.0] * 40)
    young.learn(2.0, weight=1, now=39 * EVERY_SECONDS)
    old.learn(2.0, weight=1, now=39 * EVERY_SECONDS + HALF_LIFE_SECONDS)
    assert (old.seconds - 1) / (young.seconds - 1) == pytest.approx(1.87, abs=0.05)


def test_a_first_guess_weighs_as_one_measurement_and_vanishes() -> None:
    assert Estimate().with_guess(8.0) == 8.0
    assert estimate_of([2.0]).with_guess(8.0) == pytest.approx(4.0)  # their mean, on a log scale
    assert estimate_of([2.0], weight=30).with_guess(8.0) == pytest.approx(2.09, abs=0.01)
    assert estimate_of([2.0] * 30).with_guess(8.0) == pytest.approx(2.0, rel=0.05)
    assert estimate_of([2.0] * 100).with_guess(8.0) == pytest.approx(2.0, rel=0.001)


def test_a_wild_first_guess_vanishes_as_well() -> None:
    assert estimate_of([0.01] * 8).with_guess(1000.0) == pytest.approx(0.01, rel=3)
    assert estimate_of([0.01] * 60).with_guess(1000.0) == pytest.approx(0.01, rel=0.2)


def test_a_change_that_is_believed_leaves_half_of_the_guess() -> None:
    before = estimate_of([1.0, 100.0, 100.0, 100.0])
    after = estimate_of([1.0, 100.0, 100.0, 100.0, 100.0])
    assert after.seconds > 20
    assert after.guessed == before.guessed / 2


def test_going_on_weighs_as_three_and_keeps_the_count() -> None:
    estimate = Estimate()
    estimate.go_on(2.0, samples=40)
    assert (estimate.samples, estimate.seconds) == (40, 2.0)
    assert estimate.with_guess(100.0) == pytest.approx(2.2, abs=0.02)
    add(estimate, 4.0)
    assert estimate.seconds == pytest.approx(2.5)


@pytest.mark.parametrize("told", [0.0, 1e300], ids=["nothing", "for ever"])
def test_going_on_with_nonsense_stays_usable(told: float) -> None:
    estimate = Estimate()
    estimate.go_on(told, samples=1)
    assert LEAST_SECONDS <= estimate.seconds <= MOST_SECONDS
