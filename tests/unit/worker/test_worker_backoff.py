"""How long to wait for the broker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_worker.backoff import Schedule

SCHEDULE = Schedule(first_seconds=0.5, cap_seconds=15)


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        pytest.param(0, 1.0, 0.5, id="the first wait is short"),
        pytest.param(0, 0.0, 0.25, id="half of it is chance"),
        pytest.param(3, 1.0, 4.0, id="it doubles"),
        pytest.param(99, 1.0, 15.0, id="up to the cap"),
    ],
)
def test_the_wait(attempt: int, chance: float, seconds: float) -> None:
    assert SCHEDULE.delay_seconds(attempt, lambda: chance) == seconds


@given(attempt=st.integers(0, 10**9), chance=st.floats(0, 1))
def test_no_wait_leaves_its_bounds(attempt: int, chance: float) -> None:
    assert 0.25 <= SCHEDULE.delay_seconds(attempt, lambda: chance) <= 15
