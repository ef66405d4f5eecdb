"""The figures of a run that can be checked by hand, and curves."""

import pytest

from unit.simulation.days import simulated, trace
from workqueue_operator.simulation.curves import Curve
from workqueue_operator.simulation.fixed import Fixed
from workqueue_operator.simulation.measure import (
    backlog_curve,
    figures,
    percentile,
    waiting,
    workers_curve,
)


def test_a_run_of_two_tasks_is_measured() -> None:
    # Given one worker, there after 1 s and ready after 5 s more; two tasks of 10 s, at 0 s and 7 s
    world = simulated(trace((0, 10), (7, 10)), Fixed(1), deployment_seconds=1.0)
    # When they are done at 16 and at 26 s
    told = figures("fixed", world)
    # Then they waited for 6 and 9 s, and the worker was there for 25 s
    assert waiting(world) == pytest.approx([6, 9])
    assert told.waiting_mean == pytest.approx(7.5)
    assert told.waiting_p50 == pytest.approx(6)
    assert told.waiting_p99 == pytest.approx(9)
    assert told.worker_seconds == pytest.approx(25)
    assert told.overhead == pytest.approx(25 / (20 + 5))
    assert told.workers_mean == pytest.approx(25 / 26)
    assert told.workers_max == 1
    assert told.backlog_mean == pytest.approx((16 + 19) / 26)
    assert told.backlog_max == 2
    assert told.steps == 1
    assert told.unfinished == 0


def test_curves_of_a_run() -> None:
    world = simulated(trace((0, 10), (7, 10)), Fixed(1), deployment_seconds=1.0)

    assert backlog_curve(world) == Curve(moments=[0.0, 0, 7, 16, 26], values=[0, 1, 2, 1, 0])
    assert workers_curve(world) == Curve(moments=[0.0, 1, 26], values=[0, 1, 0])


@pytest.mark.parametrize(
    ("begin", "end", "highest", "mean"),
    [
        pytest.param(0, 10, 3, 1.4, id="all of it"),
        pytest.param(0, 2, 0, 0.0, id="before the first change"),
        pytest.param(2, 4, 1, 1.0, id="from a change to the next, which is not in it"),
        pytest.param(3, 5, 3, 2.0, id="begun and ended in between"),
        pytest.param(20, 30, 0, 0.0, id="after the last change"),
    ],
)
def test_a_curve_is_looked_at_from_when_until_when(
    begin: float, end: float, highest: int, mean: float
) -> None:
    curve = Curve(moments=[0.0, 2.0, 4.0, 8.0], values=[0, 1, 3, 0])

    assert curve.highest(begin, end) == highest
    assert curve.mean(begin, end) == pytest.approx(mean)


def test_what_comes_and_goes_in_one_moment_is_seen() -> None:
    assert max(Curve.counting([5.0], [5.0]).values) == 1


@pytest.mark.parametrize(
    ("percent", "value"),
    [(1, 10.0), (50, 20.0), (51, 30.0), (99, 40.0), (100, 40.0)],
)
def test_a_percentile_is_a_value_that_occurs(percent: int, value: float) -> None:
    assert percentile([10.0, 20.0, 30.0, 40.0], percent) == value
