"""DrainSeconds: clear what waits in time, and keep up with what arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core.builders import decided, known, rules, seen
from workqueue_operator.core.learning import Learned

BY = rules(drain_seconds=60, bounds=(0, 1000))


def learned(
    task: float = 1.0, start: float = 0.0, arrivals: float | None = 0.0, samples: int = 9
) -> Learned:
    return Learned(
        task_seconds=task,
        task_samples=samples,
        start_seconds=start,
        start_samples=samples,
        arrivals_per_second=arrivals,
    )


@pytest.mark.parametrize(
    ("tasks", "what", "workers"),
    [
        pytest.param(0, learned(), 0, id="nothing to clear"),
        pytest.param(1, learned(), 1, id="one task needs one worker"),
        pytest.param(60, learned(), 1, id="a minute of work for one"),
        pytest.param(61, learned(), 2, id="more than a minute of work"),
        pytest.param(600, learned(), 10, id="ten minutes of work"),
        pytest.param(600, learned(task=0.1), 1, id="short tasks need few"),
        pytest.param(5, learned(task=120), 5, id="no more workers than tasks"),
        pytest.param(60, learned(arrivals=10), 11, id="what arrives is work as well"),
        pytest.param(60, learned(arrivals=None), 1, id="arrivals that nobody knows"),
        pytest.param(600, learned(start=30), 20, id="who starts for half the time does half"),
        pytest.param(600, learned(start=300), 40, id="a start that takes longer than there is"),
    ],
)
def test_need(tasks: int, what: Learned, workers: int) -> None:
    assert decided(BY, seen(known(ready=tasks), 0, learned=what)).workers == workers


def test_workers_that_are_ready_need_no_start() -> None:
    # Given ten workers that could just clear it, and one task more than that
    look = seen(known(ready=596, unacked=10), 10, learned=learned(start=30))
    # When one more is needed, it works for half of the time
    decision = decided(BY, look)
    assert decision.workers == 11


@pytest.mark.parametrize(
    ("task", "workers"),
    [
        pytest.param(12, 11, id="half of twelve seconds of each"),
        pytest.param(60, 15, id="half of the time of each"),
        pytest.param(600, 20, id="who is in the middle of a long task stays in it"),
    ],
)
def test_tasks_in_work_are_half_done(task: float, workers: int) -> None:
    # Given ten workers at work, and ten tasks' worth of one worker's minute each waiting
    waiting = 10 * 60 // task if task <= 60 else 10
    look = seen(known(ready=int(waiting), unacked=10), 10, learned=learned(task=task))

    assert decided(BY, look).workers == workers


def test_before_anything_is_measured_the_first_guess_counts() -> None:
    decision = decided(BY, seen(known(ready=600), 0))

    assert decision.workers > 10
    assert "to be cleared in 60 s at 1 s per task (a first guess)" in decision.message


def test_the_message_has_the_numbers() -> None:
    look = seen(known(ready=60), 0, learned=learned(task=1.234, arrivals=5))

    assert decided(BY, look).message == (
        "backlog 60 (60 ready, 0 in work), to be cleared in 60 s at 1.23 s per task (9 samples), "
        "5 arrive per second: needs 8"
    )


numbers = st.floats(0.001, 1000)


@given(
    tasks=st.tuples(st.integers(0, 10**6), st.integers(0, 1000)),
    task=numbers,
    start=numbers,
    arrivals=st.none() | numbers,
    ready=st.integers(0, 100),
)
def test_more_tasks_never_need_fewer(
    tasks: tuple[int, int], task: float, start: float, arrivals: float | None, ready: int
) -> None:
    (few_tasks, more), what = tasks, learned(task=task, start=start, arrivals=arrivals)
    few = decided(BY, seen(known(ready=few_tasks), ready, learned=what))
    many = decided(BY, seen(known(ready=few_tasks + more), ready, learned=what))

    assert few.workers <= many.workers


@given(tasks=st.integers(1, 10**5), task=numbers, start=st.floats(0, 40))
def test_enough_to_clear_it_in_time(tasks: int, task: float, start: float) -> None:
    what = learned(task=task, start=start)
    unbounded = rules(drain_seconds=60, bounds=(0, 10**9))

    workers = decided(unbounded, seen(known(ready=tasks), 0, learned=what)).workers

    assert workers >= tasks or workers * (60 - start) >= tasks * task * 0.999
    assert workers >= 1
