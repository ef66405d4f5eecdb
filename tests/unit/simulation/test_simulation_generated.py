"""Days from a seed: the same on every machine, and of the shape that their name promises."""

import hashlib
from collections import Counter

import pytest

from workqueue_operator.simulation.generated import DAY_SECONDS, SHAPES, generate
from workqueue_operator.simulation.traces import Trace


def by_hour(day: Trace) -> list[int]:
    tasks = Counter(int(at // 3600) for at in day.arrivals)
    return [tasks[hour] for hour in range(24)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_day_has_as_many_tasks_as_asked_for_in_order(shape: str) -> None:
    day = generate(shape, tasks=2000)

    assert len(day.arrivals) == len(day.durations) == 2000
    assert list(day.arrivals) == sorted(day.arrivals)
    assert 0 <= day.arrivals[0] <= day.arrivals[-1] < DAY_SECONDS
    assert min(day.durations) > 0


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_seed_gives_the_same_day_and_another_another(shape: str) -> None:
    assert generate(shape, tasks=500, seed=3) == generate(shape, tasks=500, seed=3)
    assert generate(shape, tasks=500, seed=3) != generate(shape, tasks=500, seed=4)


@pytest.mark.parametrize(
    ("shape", "digest"),
    [
        ("steady", "4ea69a3194b2"),
        ("steps", "5c6d08d3ac00"),
        ("daily", "94c3c10594f1"),
        ("bursts", "fe64eb06ca14"),
    ],
)
def test_a_day_is_the_same_on_every_python(shape: str, digest: str) -> None:
    # To the millisecond: the last bits of exp and cos are a C library's own business
    day = generate(shape, tasks=1000)
    text = "".join(f"{number:.3f};" for number in (*day.arrivals, *day.durations))

    assert hashlib.sha256(text.encode()).hexdigest()[:12] == digest


@pytest.mark.parametrize("shape", SHAPES)
def test_a_task_takes_ten_seconds_in_the_mean(shape: str) -> None:
    day = generate(shape)

    assert day.busy_seconds / len(day.durations) == pytest.approx(10, rel=0.05)


def test_steady_is_the_same_all_day() -> None:
    hours = by_hour(generate("steady"))

    assert max(hours) < 1.1 * min(hours)


def test_steps_change_every_two_hours_and_rest_twice() -> None:
    hours = by_hour(generate("steps"))

    assert hours[6] == hours[7] == hours[16] == hours[17] == 0
    assert hours[12] > 5 * hours[10]


def test_daily_has_a_noon_and_a_night() -> None:
    hours = by_hour(generate("daily"))

    assert hours[12] > 10 * hours[0]
    assert hours[12] == pytest.approx(hours[11], rel=0.1)


def test_bursts_bring_most_tasks_within_little_time_and_some_take_very_long() -> None:
    day = generate("bursts")

    slots = sorted(Counter(int(at // 10) for at in day.arrivals).values(), reverse=True)
    assert sum(slots[:860]) > 0.8 * len(day.arrivals)  # a tenth of the day
    assert max(day.durations) > 50 * sorted(day.durations)[len(day.durations) // 2]
