"""What is compared with what: the same bounds, and the same target as far as others know one."""

import pytest

from unit.core.builders import rules
from unit.simulation.days import at_once, numbers, rush, setting, trace
from workqueue_operator.core.decision import Rules
from workqueue_operator.simulation.compare import DEFAULTS, FIXED, OURS, TUNED, runs
from workqueue_operator.simulation.traces import Trace


def most_of_keda(day: Trace, by: Rules) -> int:
    """The highest number of workers."""
    [(_, world)] = runs(day, setting(by), (TUNED,))
    return max(numbers(world))


def test_all_meet_the_same_target_and_the_same_bounds() -> None:
    by = rules(target=20, bounds=(1, 8))
    for policy, world in runs(at_once(400, seconds=30), setting(by), (OURS, TUNED, DEFAULTS)):
        assert max(numbers(world)) == 8, policy
        assert numbers(world)[-1] == 1, policy


@pytest.mark.parametrize(
    ("day", "seconds", "workers"),
    [
        pytest.param(at_once(400, seconds=30), 300, 40, id="10 tasks each in 300 s"),
        pytest.param(at_once(50, seconds=300), 60, 50, id="no less than one task each"),
        pytest.param(at_once(50, seconds=0), 60, 1, id="tasks that take no time need one worker"),
    ],
)
def test_for_keda_seconds_are_tasks_by_their_mean_duration(
    day: Trace, seconds: int, workers: int
) -> None:
    assert most_of_keda(day, rules(bounds=(0, 1000), drain_seconds=seconds)) == workers


def test_a_fixed_number_is_what_the_work_needs_in_the_mean_or_what_was_said() -> None:
    day = trace((0, 20), (1, 4), (2, 4), (10, 4))

    assert [numbers(world) for _, world in runs(day, setting(), (FIXED,))] == [[4]]
    said = setting(fixed_workers=7)
    assert [numbers(world) for _, world in runs(day, said, (FIXED,))] == [[7]]


def test_only_what_is_asked_for_is_run_in_that_order() -> None:
    found = [policy for policy, _ in runs(rush(50), setting(), (FIXED, OURS))]

    assert found == [FIXED, OURS]


def test_keda_untuned_keeps_its_workers_for_longer() -> None:
    worlds = dict(runs(rush(100), setting(), (TUNED, DEFAULTS)))

    assert worlds[DEFAULTS].now > worlds[TUNED].now + 200
