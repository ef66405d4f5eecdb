"""The model of KEDA and the HPA does what the real ones did.

Measured with KEDA 2.20 (HTTP) and Kubernetes 1.35 on one machine with two cores: 200 tasks at once,
10 for each worker, and workers that never finish one. Seconds from the last publish until
spec.replicas was 1, and 20.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

import pytest

from unit.simulation.days import CONDITIONS, at_once, numbers, simulated, trace
from workqueue_operator.simulation.keda import Keda, Scaler
from workqueue_operator.simulation.world import World

DEFAULTS = Scaler(value=10, min_workers=0, max_workers=100)
TUNED = replace(DEFAULTS, polling_seconds=1.0, cached=True, pods_per_sync=100)
SEEDS = range(300)
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Every trial that there was."""

    scaler: Scaler
    one: Sequence[float]  # seconds until 1 replica
    twenty: Sequence[float]
    steps: Sequence[int]


MEASURED = [
    pytest.param(
        Measured(
            scaler=DEFAULTS,
            one=(6.4, 7.2, 18.2, 24.6),
            twenty=(51.5, 67.3, 78.3, 84.7),
            steps=[1, 4, 8, 16, 20],
        ),
        id="defaults: one worker when it is polled, then at most twice as many every 15 s",
    ),
    pytest.param(
        Measured(
            scaler=TUNED,
            one=(2.2, 4.0, 4.4, 6.2),
            twenty=(6.2, 6.4, 19.0, 19.4),
            steps=[1, 20],
        ),
        id="tuned: one worker within seconds, then all at the HPA's next look",
    ),
]


def publish(scaler: Scaler, seed: int) -> World:
    """200 tasks in one moment, of which none is done soon."""
    world = World(trace=at_once(200, seconds=1000 * HOUR), by=CONDITIONS)
    world.run(Keda(by=scaler, seed=seed), until=120.0)
    return world


def reached(world: World, workers: int) -> float:
    return next(at for at, number in world.steps if number >= workers)


@pytest.mark.parametrize("real", MEASURED)
def test_the_steps_up_are_those_that_were_measured(real: Measured) -> None:
    assert {tuple(numbers(publish(real.scaler, seed))) for seed in SEEDS} == {tuple(real.steps)}


@pytest.mark.parametrize("real", MEASURED)
def test_all_workers_are_there_when_they_were_measured(real: Measured) -> None:
    modelled = [reached(publish(real.scaler, seed), 20) for seed in SEEDS]

    assert mean(modelled) == pytest.approx(mean(real.twenty), rel=0.2)
    assert min(modelled) <= 1.2 * min(real.twenty)
    assert max(modelled) >= max(real.twenty) / 1.2


@pytest.mark.parametrize("real", MEASURED)
def test_the_first_worker_comes_when_it_was_measured(real: Measured) -> None:
    # No mean: four trials of a wait that may be anything up to 35 s have none
    modelled = [reached(publish(real.scaler, seed), 1) for seed in SEEDS]

    assert min(modelled) <= 1.2 * min(real.one)
    assert max(real.one) / 1.2 <= max(modelled) <= 1.5 * max(real.one)


def test_fewer_workers_follow_after_the_stabilisation_and_none_after_the_cooldown() -> None:
    # Given 20 tasks of a minute: two workers, and then nothing
    world = simulated(at_once(20, seconds=60), Keda(by=DEFAULTS, seed=1))
    # When they are done
    last = max(world.starts) + 60
    # Then one stays after 300 s of less, and none 300 s after KEDA has last polled anything
    (down_at, one), (none_at, none) = world.steps[-2:]
    assert (one, none) == (1, 0)
    assert 0 <= down_at - last <= 300 + 15 + 5
    assert 300 - 30 <= none_at - last <= 300 + 30 + 5


def test_a_metric_within_a_tenth_of_the_target_changes_nothing() -> None:
    # Given 20 workers for 200 tasks, and 21 more tasks: 11 for each
    day = trace(*[(0.0, 5000.0)] * 200, *[(300.0, 1.0)] * 20, *[(600.0, 1.0)] * 2)
    world = World(trace=day, by=CONDITIONS)
    world.run(Keda(by=TUNED, seed=1), until=900.0)
    # Then 220 tasks are nearly 20 workers' share, and 222 are not
    assert [number for _, number in world.steps] == [1, 20, 23]
    assert world.steps[-1][0] > 600


def test_min_and_max_are_kept_and_with_a_minimum_nothing_is_polled_to_zero() -> None:
    bounded = replace(TUNED, min_workers=2, max_workers=7)
    world = simulated(at_once(200, seconds=30), Keda(by=bounded, seed=1))

    assert numbers(world)[0] == numbers(world)[-1] == 2
    assert max(numbers(world)) == 7


def test_its_clocks_differ_by_seed_alone() -> None:
    first, again, other = (publish(DEFAULTS, seed).steps for seed in (1, 1, 2))

    assert first == again != other
