"""The highest need of the window, against a model that forgets nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need

Readings = list[tuple[float, int]]


def history_of(readings: Readings) -> History:
    history = History()
    for at, need in readings:
        history.learn(Need(need, need), empty=need == 0, now=at, least=need)
    return history


@pytest.mark.parametrize(
    ("readings", "now", "highest"),
    [
        pytest.param([], 100, None, id="nothing was read"),
        pytest.param([(0, 5)], 59, None, id="the window is not full"),
        pytest.param([(0, 5)], 60, 5, id="one need that held all the time"),
        pytest.param([(0, 9), (1, 5)], 60, 9, id="it was nine within the window"),
        pytest.param([(0, 9), (1, 5)], 61, 5, id="five have been enough for the window"),
        pytest.param([(0, 9), (59, 1)], 61, 9, id="nine held until the next reading"),
        pytest.param([(0, 1), (30, 9), (31, 1)], 70, 9, id="a peak of a second counts"),
        pytest.param([(0, 9), (1, 1), (30, 5), (31, 2)], 61, 5, id="an old peak hides no newer"),
        pytest.param([(0, 0), (200, 3)], 200, 3, id="what is needed now counts at once"),
    ],
)
def test_highest_need(readings: Readings, now: float, highest: int | None) -> None:
    found = history_of(readings).highest(now=now, window_seconds=60)

    assert (found and found.workers) == highest


@given(
    pauses=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), min_size=1, max_size=30),
    window=st.integers(0, 100),
    later=st.integers(0, 50),
)
def test_it_is_what_a_model_that_forgets_nothing_says(
    pauses: Readings, window: int, later: int
) -> None:
    # Given readings, each need of which holds until the next
    readings, at = [], 0.0
    for pause, need in pauses:
        at += pause
        readings.append((at, need))
    now = at + later
    ends = [until for until, _ in readings[1:]] + [float("inf")]
    # When the highest is asked for
    found = history_of(readings).highest(now=now, window_seconds=window)
    # Then it is the highest of those that held at some time of the window
    held = [n for (_, n), until in zip(readings, ends, strict=True) if until > now - window]
    full = now - readings[0][0] >= window
    assert found == (Need(max(held), max(held)) if full else None)


def test_a_gap_forgets_needs_and_zeros() -> None:
    history = history_of([(0, 0), (10, 0), (20, 0)])
    assert history.zero_is_proven(now=20, seconds=10, readings=3)

    history.break_off(1000)

    assert not history.zero_is_proven(now=20, seconds=10, readings=1)
    assert history.highest(now=1000, window_seconds=0) is None


def test_a_window_that_is_started_anew_must_pass_again() -> None:
    history = history_of([(0, 0), (100, 0)])

    history.restart_window(100)

    assert history.highest(now=159, window_seconds=60) is None
    assert history.highest(now=160, window_seconds=60) == Need(0, 0)


def test_a_window_cannot_start_while_nothing_is_known() -> None:
    # Given a silent broker
    history = History()
    history.restart_window(0)
    # When it speaks again, long after
    history.learn(Need(0, 0), empty=True, now=1000, least=0)
    # Then the window starts with its first word
    assert history.highest(now=1000, window_seconds=60) is None


@pytest.mark.parametrize(
    ("readings", "proven"),
    [
        pytest.param([], False, id="never read"),
        pytest.param([(0, 0), (5, 0), (10, 0)], True, id="three in ten seconds"),
        pytest.param([(0, 0), (10, 0)], False, id="too few"),
        pytest.param([(1, 0), (5, 0), (10, 0)], False, id="too short"),
        pytest.param([(0, 0), (5, 1), (10, 0), (10, 0), (10, 0)], False, id="interrupted"),
    ],
)
def test_zero_must_repeat(readings: Readings, proven: bool) -> None:
    history = history_of(readings)

    assert history.zero_is_proven(now=10, seconds=10, readings=3) == proven


def test_the_lowest_need_of_a_window_is_kept_as_well() -> None:
    history = history_of([(0, 9), (50, 3), (55, 7)])

    assert history.lowest(now=60, window_seconds=61) is None
    assert history.lowest(now=60, window_seconds=6) == 3
    assert history.lowest(now=60, window_seconds=5) == 7


def test_a_gap_counts_from_its_begin_and_ends_with_the_next_reading() -> None:
    history = history_of([(0, 9)])
    history.break_off(10)
    history.break_off(20)
    assert history.unknown_seconds(30) == 20
    history.learn(Need(1, 1), empty=False, now=40, least=1)
    assert history.unknown_seconds(50) == 0


def test_a_step_that_changes_nothing_is_none() -> None:
    history = history_of([(0, 9)])

    history.stepped(5, 5, 10)

    assert (history.stepped_up_at, history.stepped_down_at) == (float("-inf"), float("-inf"))


def test_idleness_counts_from_the_first_reading_without_work() -> None:
    history = history_of([(0, 1), (10, 0), (20, 0)])

    assert (history.idle_seconds(30), history_of([(0, 1)]).idle_seconds(30)) == (20, 0)


def test_what_is_older_than_both_windows_is_dropped() -> None:
    history = history_of([(0, 9), (10, 5), (20, 3), (30, 2)])

    history.forget_before(up_seconds=0, down_seconds=15, now=30)

    assert list(history._highest) == [(20, Need(5, 5)), (30, Need(3, 3)), (30, Need(2, 2))]
    assert list(history._lowest) == [(30, 2)]
