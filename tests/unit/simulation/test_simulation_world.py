"""The queue and its pods: whatever an autoscaler does, every task is done once and in order."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.simulation.days import at_once, numbers, setting, simulated, trace
from workqueue_operator.simulation.compare import POLICIES, runs
from workqueue_operator.simulation.fixed import Fixed
from workqueue_operator.simulation.measure import figures
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import World

DAYS = st.lists(
    st.tuples(
        st.floats(0, 600, allow_nan=False), st.floats(0, 90, allow_nan=False, allow_subnormal=False)
    ),
    min_size=1,
    max_size=60,
).map(lambda tasks: trace(*sorted(tasks)))


@dataclass
class Script:
    """An autoscaler that does what it is told: (at, replicas)."""

    orders: list[tuple[float, int]]
    least: int = 0

    def begin(self, world: World) -> None:
        for at, replicas in self.orders:
            world.at(at, world.scale, replicas)

    def pod_ready(self, world: World, seconds: float) -> None:
        assert seconds == pytest.approx(world.by.start_seconds)


@settings(max_examples=60, deadline=None)
@given(day=DAYS, policy=st.sampled_from(POLICIES))
def test_every_task_is_done_exactly_once_in_order_by_paid_workers(day: Trace, policy: str) -> None:
    [(_, world)] = runs(day, setting(), (policy,))

    assert world.done == world.taken == world.arrived == world.total
    assert len(world.starts) == world.total
    assert world.starts == sorted(world.starts)
    assert all(begun >= at for begun, at in zip(world.starts, day.arrivals, strict=True))
    pods = [*world.gone, *world.staying]
    assert sum(pod.tasks for pod in pods) == world.total
    assert math.fsum(pod.worked_seconds for pod in pods) == pytest.approx(day.busy_seconds)
    assert figures(policy, world).worker_seconds >= day.busy_seconds - 1e-6


@settings(max_examples=100, deadline=None)
@given(
    day=DAYS,
    orders=st.lists(st.tuples(st.floats(0, 900), st.integers(0, 8)), max_size=12),
    start_seconds=st.floats(0, 40),
    deployment_seconds=st.floats(0, 3),
)
def test_whatever_is_ordered_no_worker_does_two_tasks_at_once_and_none_is_lost(
    day: Trace,
    orders: list[tuple[float, int]],
    start_seconds: float,
    deployment_seconds: float,
) -> None:
    # Given any orders, and one at last under which all gets done
    script = Script([*orders, (1000.0, 3), (40_000.0, 0)])
    world = simulated(
        day, script, start_seconds=start_seconds, deployment_seconds=deployment_seconds
    )
    # Then all is done, nobody is left, and no pod has worked for longer than it was there
    assert world.done == world.total
    assert not world.staying
    assert not world.draining
    assert world.ready == world.busy == 0
    for pod in world.gone:
        assert pod.worked_seconds <= pod.ended - pod.created + 1e-6


def test_a_worker_takes_the_next_task_when_it_is_done_with_one() -> None:
    # Given one worker, ready after 5.2 s, and three tasks at once
    world = simulated(at_once(3, seconds=10), Fixed(1))
    # Then it does them one after the other
    assert world.starts == pytest.approx([5.2, 15.2, 25.2])
    assert world.now == pytest.approx(35.2)


def test_a_busy_worker_that_is_dismissed_finishes_its_task_first() -> None:
    # Given two workers in the middle of a task of 100 s, and a third task
    day = trace((0, 100), (0, 100), (0, 10))
    world = simulated(day, Script([(0, 2), (50, 1), (300, 0)]))
    # When one is dismissed after 50 s, then it leaves when its task is done
    assert world.gone[0].ended == pytest.approx(105.2)
    assert world.starts[2] == pytest.approx(105.2)
    assert world.done == 3


@pytest.mark.parametrize("seed", range(12))
def test_those_that_are_not_ready_are_dismissed_first(seed: int) -> None:
    # Given a busy worker, and two that have just been created
    world = simulated(
        at_once(1, seconds=100), Script([(0, 1), (50, 3), (52, 1), (300, 0)]), seed=seed
    )
    # When two are dismissed, then it is these, and they are gone at once
    assert [pod.ended - pod.created for pod in world.gone[:2]] == pytest.approx([2, 2])
    assert all(not pod.ready for pod in world.gone[:2])


def test_orders_within_the_latency_of_a_deployment_make_no_pod_for_nothing() -> None:
    world = simulated(
        at_once(1, seconds=1), Script([(0, 1), (0.1, 0), (0.15, 1), (60, 0)]), deployment_seconds=1
    )

    assert len(world.gone) == 1
    assert numbers(world) == [1, 0, 1, 0]


def test_a_run_ends_a_day_after_the_last_arrival_though_tasks_are_left() -> None:
    # Given an autoscaler that never starts anybody
    world = simulated(at_once(5, seconds=1), Script([(10.0 * second, 0) for second in range(9000)]))
    # Then the run ends all the same, and says what was left
    told = figures("none", world)
    assert told.unfinished == 5
    assert told.worker_seconds == 0
    assert math.isnan(told.waiting_p99)


def test_the_same_seed_dismisses_the_same_workers() -> None:
    day = trace(*((float(second), 7.0 + second % 5) for second in range(200)))
    orders = [(0.0, 9), (60.0, 4), (90.0, 8), (120.0, 2), (150.0, 5), (1000.0, 0)]

    runs_ = [simulated(day, Script(orders), seed=seed).starts for seed in (1, 1, 2)]

    assert runs_[0] == runs_[1]
    assert runs_[0] != runs_[2]
