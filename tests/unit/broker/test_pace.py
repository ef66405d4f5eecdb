"""How often to read, and how long to wait after a failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.pace import Backoff, Pace


@pytest.mark.parametrize(
    ("cpu_seconds", "share", "expected_seconds"),
    [
        pytest.param(0.0001, 0.10, 0.2, id="a few queues are read as often as allowed"),
        pytest.param(0.1, 0.10, 1.0, id="a sweep of 100 ms may happen once a second"),
        pytest.param(0.1, 0.05, 2.0, id="half the share, half as often"),
        pytest.param(50.0, 0.10, 30.0, id="however dear, not rarer than the ceiling"),
    ],
)
def test_the_interval_follows_the_cost(
    cpu_seconds: float, share: float, expected_seconds: float
) -> None:
    pace = Pace(floor_seconds=0.2, ceiling_seconds=30.0)
    pace.round_took(cpu_seconds)
    assert pace.interval_seconds(share) == pytest.approx(expected_seconds)


def test_before_the_first_round_the_floor_holds() -> None:
    assert Pace(floor_seconds=0.2).interval_seconds(0.1) == pytest.approx(0.2)


def test_one_wild_sample_is_forgotten_after_a_few_rounds() -> None:
    pace = Pace(floor_seconds=0.2)
    pace.round_took(5.0)
    assert pace.interval_seconds(0.1) > 5
    for _ in range(5):
        pace.round_took(0.001)
    assert pace.interval_seconds(0.1) == pytest.approx(0.2)


@given(
    rounds=st.lists(st.floats(0, 100), min_size=1),
    share=st.floats(0.001, 1),
)
def test_the_interval_never_leaves_its_bounds_nor_the_budget(
    rounds: list[float], share: float
) -> None:
    pace = Pace(floor_seconds=0.2, ceiling_seconds=30)
    for cpu_seconds in rounds:
        pace.round_took(cpu_seconds)
    interval = pace.interval_seconds(share)
    assert 0.2 <= interval <= 30
    last = rounds[-5:]
    assert interval == 30 or sum(last) / len(last) <= interval * share * 1.0001


def test_the_wait_doubles_up_to_its_limit_and_begins_anew_after_a_success() -> None:
    backoff = Backoff(lambda: 1.0)

    def wait() -> float:
        return backoff.after_failure(first_seconds=0.5, most_seconds=30)

    assert [wait() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.succeeded()
    assert wait() == 0.5


@given(chance=st.floats(0, 1), failures=st.integers(0, 2000))
def test_the_jitter_never_leaves_the_limits(chance: float, failures: int) -> None:
    backoff = Backoff(lambda: chance)
    for _ in range(failures):
        backoff.after_failure(first_seconds=0.5, most_seconds=30)
    assert 0.1 <= backoff.after_failure(first_seconds=0.5, most_seconds=30) <= 30
