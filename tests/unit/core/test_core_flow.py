"""How many tasks arrive, told from a queue that is simulated: M/D/c, read now and then."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapreplace
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.flow import SPAN_SECONDS, SPANS, Flow


@dataclass
class Queue:
    """Tasks that arrive at random, each taking as long as the others, at so many workers."""

    arrived: list[float]
    started: list[float]
    ended: list[float]

    def at(self, now: float) -> tuple[int, int]:
        """The backlog and the busy workers."""
        began, ended = bisect(self.started, now), bisect(self.ended, now)
        return bisect(self.arrived, now) - ended, began - ended


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same story each time


def queue(*, rate: float, workers: int, task_seconds: float, until: float, seed: int) -> Queue:
    random_ = dice(seed)
    arrived, started, free = list(arrivals(rate, until, random_)), [], [0.0] * workers
    for at in arrived:
        started.append(max(at, free[0]))
        heapreplace(free, started[-1] + task_seconds)
    return Queue(arrived, started, [at + task_seconds for at in started])


def arrivals(rate: float, until: float, random_: Random) -> Iterator[float]:
    at = random_.expovariate(rate)
    while at < until:
        yield at
        at += random_.expovariate(rate)


@pytest.mark.parametrize(
    ("least_pause", "most_off"),
    [
        pytest.param(0.2, 0.15, id="read as often as usual"),
        # How many are busy at a few moments is a poll among the moments: right on the average.
        pytest.param(3.0, 0.35, id="read rarely"),
    ],
)
@pytest.mark.parametrize(
    ("rate", "workers", "task_seconds"),
    [
        pytest.param(20, 8, 0.3, id="workers that are nearly always busy"),
        pytest.param(5, 40, 1.0, id="workers that are mostly idle"),
        pytest.param(20, 8, 1.0, id="a backlog that grows and grows"),
        pytest.param(5, 400, 30.0, id="long tasks"),
    ],
)
def test_arrivals_are_told(
    rate: float, workers: int, task_seconds: float, least_pause: float, most_off: float
) -> None:
    off = []
    for seed in range(20):
        seen = queue(rate=rate, workers=workers, task_seconds=task_seconds, until=250, seed=seed)
        flow, now = Flow(), 60.0  # as many tasks are finished by now as are begun
        for pause in dice(seed).choices((1, 2, 4), k=int(60 / least_pause)):
            backlog, busy = seen.at(now)
            flow.learn(backlog=backlog, busy=busy, now=now)
            now += least_pause * pause
        told = flow.arrivals_per_second(task_seconds=task_seconds)
        assert told is not None
        off.append(told / lately(seen.arrived, now - least_pause * pause) - 1)
    # What arrives is random; but that is told, and not something else.
    assert abs(fmean(off)) < 0.05
    assert sorted(abs(each) for each in off)[18] < most_off


def lately(arrived: list[float], now: float) -> float:
    """The rate at which tasks really arrived in about the time that is remembered."""
    seconds = SPANS * SPAN_SECONDS
    return (bisect(arrived, now) - bisect(arrived, now - seconds)) / seconds


@given(pauses=st.lists(st.floats(0.1, 60), min_size=30, max_size=60), rate=st.floats(0.5, 1000))
def test_however_irregular_the_readings_an_even_flow_is_told_exactly(
    pauses: list[float], rate: float
) -> None:
    flow, now = Flow(), 0.0
    for pause in [20, 20, *pauses, 0]:
        flow.learn(backlog=round(rate * now), busy=0, now=now)
        now += pause
    told = flow.arrivals_per_second(task_seconds=1)
    assert told is not None
    assert told == pytest.approx(rate, rel=0.02, abs=0.2)


@given(
    readings=st.lists(
        st.tuples(st.floats(0, 1e6), st.integers(0, 10**9), st.floats(0, 1e4)), max_size=20
    ),
    task_seconds=st.floats(1e-4, 1e6),
)
def test_it_is_never_negative_and_never_infinite(
    readings: list[tuple[float, int, float]], task_seconds: float
) -> None:
    flow = Flow()
    for now, backlog, busy in readings:
        flow.learn(backlog=backlog, busy=busy, now=now)
    told = flow.arrivals_per_second(task_seconds=task_seconds)
    assert told is None or 0 <= told < 1e18


def story(*readings: tuple[float, int, float] | None) -> Flow:
    flow = Flow()
    for each in readings:
        if each is None:
            flow.forget()
        else:
            flow.learn(now=each[0], backlog=each[1], busy=each[2])
    return flow


MEMORY = SPANS * SPAN_SECONDS
ROUND = [(0, 0, 0.0), (10, 20, 0.0), (20, 40, 0.0), (30, 60, 0.0)]  # two a second


@pytest.mark.parametrize(
    ("readings", "told"),
    [
        pytest.param([], None, id="nothing was read"),
        pytest.param([(0, 500, 0)], None, id="what waits already has not arrived"),
        pytest.param(ROUND[:3], None, id="twenty seconds are too few"),
        pytest.param(ROUND, 2.0, id="a backlog that grows"),
        pytest.param([(at, 9, 4) for at in range(30)], 8.0, id="a backlog that stays, four work"),
        pytest.param([(at, 90 - 3 * at, 4) for at in range(30)], 5.0, id="one that shrinks"),
        pytest.param([*ROUND[:3], (30, 0, 0)], 0.0, id="a queue that was purged"),
        pytest.param([*ROUND, (30, 99, 0)], 2.0, id="the same time twice"),
        pytest.param([*ROUND, (29, 900, 0)], 2.0, id="a time that went back"),
        pytest.param(
            [*ROUND, None, (31, 5000, 0), (33, 5004, 0)], 2.0, id="what came in a gap is left out"
        ),
        pytest.param(
            [*ROUND, None, (31 + MEMORY, 60, 0)], None, id="after a long gap nothing is known"
        ),
        pytest.param(
            [*ROUND, None, (30 + MEMORY, 60, 0)], 2.0, id="after a shorter one it still is"
        ),
    ],
)
def test_what_is_told(readings: list[tuple[float, int, float] | None], told: float | None) -> None:
    assert story(*readings).arrivals_per_second(task_seconds=0.5) == (
        None if told is None else pytest.approx(told)
    )


@pytest.mark.parametrize(
    ("lasting", "most"),
    [
        pytest.param(1, 0.001, id="of a second"),
        pytest.param(4, 0.1, id="of some seconds"),
        pytest.param(10, 0.75, id="as long as a span"),
    ],
)
def test_a_burst_is_no_flow(lasting: int, most: float) -> None:
    # Given a queue with a task every other second, and 10,000 within some seconds
    flow, came = Flow(), 0.0
    for at in range(66):
        came += 10_000 / lasting if 35 <= at < 35 + lasting else at % 2
        flow.learn(backlog=round(came), busy=0, now=at)
    # Then what arrives in the next minute is not expected to be that again
    told = flow.arrivals_per_second(task_seconds=1)
    assert told is not None
    assert 25 < told * 60 < 60 + most * 10_000


def test_bursts_that_come_again_and_again_are_a_flow() -> None:
    flow, came = Flow(), 0
    for at in range(120):
        came += 100 if at % 10 == 0 else 0
        flow.learn(backlog=came, busy=0, now=at)
    assert flow.arrivals_per_second(task_seconds=1) == pytest.approx(10.0, rel=0.2)


def test_a_flow_that_doubles_is_followed_within_two_minutes() -> None:
    flow = story(*[(at, at, 0) for at in range(200)])
    for at in range(200, 321):
        flow.learn(backlog=200 + 2 * (at - 200), busy=0, now=at)
    assert flow.arrivals_per_second(task_seconds=1) == pytest.approx(2.0, rel=0.1)


def test_a_flow_out_of_nothing_is_followed_within_two_minutes() -> None:
    flow = story(*[(at, 0, 0) for at in range(200)])
    told = []
    for at in range(200, 321):
        flow.learn(backlog=10 * (at - 200), busy=0, now=at)
        told.append(flow.arrivals_per_second(task_seconds=1) or 0.0)
    assert told[120] == pytest.approx(10.0, rel=0.1)
    assert told[60] > 3
