"""Which queues a turn reads: nobody starves, and nobody waits for what others do not need."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.broker.budget import BROKER_SECONDS, Spending, reads_per_second
from workqueue_operator.broker.tiers import CEILING_SECONDS, HOT_SECONDS, Tiers, plan
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown

FLOOR = 0.1


def known(ready: int = 0, consumers: int = 0) -> Known:
    return Known(ready=ready, consumers=consumers, unacked=None, at=0)


def names(prefix: str, count: int) -> set[str]:
    return {f"{prefix}{index}" for index in range(count)}


@pytest.mark.parametrize(
    ("hot", "sleeping", "interval_seconds", "sleepers"),
    [
        pytest.param(0, 1, 0.1, 1, id="a single queue is read as often as allowed"),
        pytest.param(100, 500, 0.1, 500, id="where all of them fit, all are read in every turn"),
        pytest.param(0, 10_000, 0.1, 700, id="many sleeping ones: a slice in each turn"),
        pytest.param(100, 9_900, 0.1, 600, id="the moving ones first, the rest to the others"),
        pytest.param(1_000, 9_000, 2 / 7, 1_000, id="half of it at least to the sleeping ones"),
        pytest.param(9_000, 1_000, 10 / 7, 1_000, id="half of it, if that is wanted"),
        pytest.param(10_000, 0, 10 / 7, 0, id="all are moving: all of it is theirs"),
        pytest.param(0, 0, 0.1, 0, id="none"),
    ],
)
def test_a_turn_at_7000_reads_in_a_second(
    hot: int, sleeping: int, interval_seconds: float, sleepers: int
) -> None:
    turn = plan(hot, sleeping, reads_per_second=7_000, floor_seconds=FLOOR)
    assert turn.interval_seconds == pytest.approx(interval_seconds)
    assert turn.sleepers == pytest.approx(sleepers, abs=1)


counts = st.integers(0, 50_000)
rates = st.floats(1, 1e6)


@given(hot=counts, sleeping=counts, rate=rates, floor=st.floats(0.05, 20))
def test_no_queue_waits_longer_than_the_ceiling(
    hot: int, sleeping: int, rate: float, floor: float
) -> None:
    turn = plan(hot, sleeping, reads_per_second=rate, floor_seconds=floor)
    assert floor <= turn.interval_seconds <= CEILING_SECONDS
    assert 0 <= turn.sleepers <= sleeping
    if sleeping:
        turns = math.ceil(sleeping / turn.sleepers)
        assert (turns - 1) * turn.interval_seconds <= CEILING_SECONDS * 1.001


@given(hot=counts, sleeping=counts, rate=rates)
def test_the_budget_holds_unless_the_ceiling_forbids(hot: int, sleeping: int, rate: float) -> None:
    turn = plan(hot, sleeping, reads_per_second=rate, floor_seconds=FLOOR)
    if turn.interval_seconds < CEILING_SECONDS and (hot + sleeping) / rate <= CEILING_SECONDS / 2:
        assert hot + turn.sleepers <= rate * turn.interval_seconds + 1


@given(hot=counts, sleeping=counts, rate=rates)
def test_both_have_half_of_the_budget_for_certain(hot: int, sleeping: int, rate: float) -> None:
    turn = plan(hot, sleeping, reads_per_second=rate, floor_seconds=FLOOR)
    assert turn.interval_seconds <= max(FLOOR, hot / (rate / 2)) * 1.001
    in_half = rate / 2 * turn.interval_seconds
    assert turn.sleepers >= min(sleeping, math.floor(in_half * 0.999))


@given(hot=counts, sleeping=counts, rate=st.floats(10, 1e5), more=st.floats(1, 10))
def test_a_larger_budget_makes_no_moving_queue_wait_longer(
    hot: int, sleeping: int, rate: float, more: float
) -> None:
    small = plan(hot, sleeping, reads_per_second=rate, floor_seconds=FLOOR)
    large = plan(hot, sleeping, reads_per_second=rate * more, floor_seconds=FLOOR)
    assert large.interval_seconds <= small.interval_seconds * 1.001


def test_the_sleeping_ones_take_turns_and_the_moving_ones_are_in_each() -> None:
    # Given nine sleeping queues and one that moves
    tiers = Tiers()
    tiers.keep(names("s", 9) | {"hot"})
    tiers.learn({"hot": known(consumers=1)}, now=0)

    # When three sleeping ones are read in each turn
    turns = [tiers.take(3) for _ in range(3)]

    # Then the moving one is in each, and three turns read all the others once
    assert all("hot" in turn for turn in turns)
    others = [queue for turn in turns for queue in turn if queue != "hot"]
    assert sorted(others) == sorted(names("s", 9))
    assert set(tiers.take(3)) == set(turns[0])


@pytest.mark.parametrize(
    ("reading", "hot"),
    [
        pytest.param(known(ready=1), 1, id="a task"),
        pytest.param(known(consumers=1), 1, id="a consumer"),
        pytest.param(known(), 0, id="neither"),
        pytest.param(Missing(why="", at=0), 0, id="no such queue"),
        pytest.param(Unknown(reason="NoAnswer", why="", at=0), 0, id="nobody knows"),
    ],
)
def test_a_queue_wakes_for_tasks_and_consumers_only(reading: Reading, hot: int) -> None:
    tiers = Tiers()
    tiers.keep({"mail"})
    tiers.learn({"mail": reading}, now=0)
    assert (tiers.hot, tiers.sleeping) == (hot, 1 - hot)


def test_a_queue_falls_asleep_a_while_after_its_last_task() -> None:
    tiers = Tiers()
    tiers.keep({"mail"})
    tiers.learn({"mail": known(ready=3)}, now=0)
    tiers.learn({"mail": known()}, now=HOT_SECONDS - 1)
    assert tiers.hot == 1
    tiers.learn({"mail": known()}, now=HOT_SECONDS)
    assert (tiers.hot, tiers.sleeping) == (0, 1)


def test_what_is_not_watched_any_more_is_in_neither_tier_and_does_not_come_back() -> None:
    tiers = Tiers()
    tiers.keep({"hot", "cold", "other"})
    tiers.learn({"hot": known(ready=1)}, now=0)
    assert tiers.keep({"other", "new"}) == {"hot", "cold"}
    # An answer that comes late does not put it back.
    tiers.learn({"hot": known(ready=1)}, now=1)
    assert set(tiers.take(9)) == {"other", "new"}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.integers(0, 1),
            st.integers(0, 4),
            st.sets(st.sampled_from("abcd")),
        )
    )
)
def test_each_queue_is_in_one_tier_whatever_happens(
    steps: list[tuple[str, int, int, set[str]]],
) -> None:
    tiers, now = Tiers(), 0.0
    for queue, ready, sleepers, kept in steps:
        now += 10
        tiers.keep(kept)
        tiers.learn({queue: known(ready=ready)}, now=now)
        assert tiers.hot + tiers.sleeping == len(kept)
        taken = tiers.take(sleepers)
        assert len(taken) == len(set(taken))
        assert set(taken) <= kept


@pytest.mark.parametrize(
    ("queues", "cycle_seconds"),
    [
        pytest.param(1_000, 0.36, id="a thousand: the share of the broker's core"),
        pytest.param(6_000, 1.0, id="more: as much as a second needs"),
        pytest.param(11_000, 1.8, id="eleven thousand: 2.2 times as much, and no more"),
    ],
)
def test_the_broker_is_asked_for_its_share_too(queues: int, cycle_seconds: float) -> None:
    assert pytest.approx(36e-6) == BROKER_SECONDS
    per_second = reads_per_second(queues, 5e-6, 0.10)
    assert queues / per_second == pytest.approx(cycle_seconds)


def test_our_own_share_is_never_exceeded() -> None:
    assert reads_per_second(10_000, 50e-6, 0.10) == pytest.approx(2_000)
    assert reads_per_second(0, 50e-6, 0.10) == pytest.approx(2_000)


def test_one_wild_cost_is_forgotten_after_some_turns() -> None:
    spending = Spending()
    assert 1e-6 < spending.seconds_per_read() < 1e-4, "a guess, before anything was read"
    spending.spent(5.0, 10)
    assert spending.seconds_per_read() == pytest.approx(0.5)
    for _ in range(20):
        spending.spent(0.002, 100)
    assert spending.seconds_per_read() == pytest.approx(20e-6)


def test_a_turn_in_which_nobody_answered_is_paid_for() -> None:
    spending = Spending()
    spending.spent(0.01, 0)
    assert spending.seconds_per_read() == pytest.approx(0.01)
