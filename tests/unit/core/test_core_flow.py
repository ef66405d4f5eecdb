"""How many tasks arrive, told from a queue that is simulated: M/D/c, read now and then."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapreplace
from math import exp
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.flow import KNOWN_AFTER_SECONDS, SMOOTHING_SECONDS, Flow


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
        seen = queue(rate=rate, workers=workers, task_seconds=task_seconds, until=150, seed=seed)
        flow, now = Flow(), 0.0
        for pause in dice(seed).choices((1, 2, 4), k=int(60 / least_pause)):
            backlog, busy = seen.at(now)
            flow.learn(backlog=backlog, busy=busy, now=now)
            now += least_pause * pause
        told = flow.arrivals_per_second(task_seconds=task_seconds)
        assert told is not None
        off.append(told / faded_rate(seen.arrived, now - least_pause * pause) - 1)
    # What arrives is random; but that is told, and not something else.
    assert abs(fmean(off)) < 0.05
    assert sorted(abs(each) for each in off)[18] < most_off


def faded_rate(arrived: list[float], now: float) -> float:
    """What really arrived, the newest counting most."""
    ages = (now - at for at in arrived if at <= now)
    return sum(exp(-age / SMOOTHING_SECONDS) for age in ages) / SMOOTHING_SECONDS


@given(pauses=st.lists(st.floats(0.1, 60), min_size=30, max_size=60), rate=st.floats(0.5, 1000))
def test_however_irregular_the_readings_an_even_flow_is_told_exactly(
    pauses: list[float], rate: float
) -> None:
    flow, now = Flow(), 0.0
    for pause in [KNOWN_AFTER_SECONDS * 2, *pauses, 0]:
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


@pytest.mark.parametrize(
    ("readings", "told"),
    [
        pytest.param([], None, id="nothing was read"),
        pytest.param([(0, 500, 0)], None, id="what waits already has not arrived"),
        pytest.param([(0, 0, 0), (9, 9, 0)], None, id="less than ten seconds"),
        pytest.param([(0, 0, 0), (15, 30, 0)], 2.0, id="a backlog that grows"),
        pytest.param([(0, 9, 4), (15, 9, 4)], 8.0, id="a backlog that stays while four work"),
        pytest.param([(0, 90, 4), (15, 0, 4)], 2.0, id="a backlog that shrinks, but too slowly"),
        pytest.param([(0, 900, 0), (15, 0, 0)], 0.0, id="a queue that was purged"),
        pytest.param(
            [(0, 0, 0), (15, 30, 0), None, (16, 5000, 0), (18, 5004, 0)],
            2.0,
            id="what happened in a gap is left out",
        ),
        pytest.param(
            [(0, 0, 0), (15, 30, 0), None, (60, 30, 0)], None, id="a long gap makes it unknown"
        ),
        pytest.param([(0, 0, 0), (15, 30, 0), (15, 99, 0)], 2.0, id="the same time twice"),
        pytest.param([(5, 0, 0), (20, 30, 0), (4, 900, 0)], 2.0, id="a time that went back"),
    ],
)
def test_what_is_told(readings: list[tuple[float, int, float] | None], told: float | None) -> None:
    assert story(*readings).arrivals_per_second(task_seconds=0.5) == (
        None if told is None else pytest.approx(told)
    )


def test_a_flow_that_doubles_is_followed_within_a_minute() -> None:
    flow = story(*[(at, at, 0) for at in range(200)])
    for at in range(200, 260):
        flow.learn(backlog=200 + 2 * (at - 200), busy=0, now=at)
    assert flow.arrivals_per_second(task_seconds=1) == pytest.approx(2.0, rel=0.1)
