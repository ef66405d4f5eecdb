"""This operator in the simulation: the same core, seeing no more than it would."""

from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.core.builders import rules
from unit.simulation.days import MONDAY, at_once, numbers, operator, rush, simulated, trace
from workqueue_operator.controller import counters, sampling, stepper
from workqueue_operator.core.decision import Decision, Rules
from workqueue_operator.core.schedule import Floor
from workqueue_operator.core.workerpod import GRACE_MARGIN_SECONDS
from workqueue_operator.simulation import ours
from workqueue_operator.simulation import sampling as simulated_sampling
from workqueue_operator.simulation.ours import Operator
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import World


def test_its_clocks_are_those_of_the_controller() -> None:
    assert stepper.ASK_SECONDS == ours.ASK_SECONDS
    assert ours.GRACE_SECONDS == 600 + GRACE_MARGIN_SECONDS  # taskTimeoutSeconds by default
    assert simulated_sampling.EVERY_SECONDS == sampling.EVERY_SECONDS
    assert simulated_sampling.FIRST_SECONDS == sampling.FIRST_SECONDS
    assert simulated_sampling.ASKED_AT_MOST == counters.ASKED_AT_MOST


@pytest.mark.parametrize("management", [True, False])
def test_a_burst_is_met_in_one_step_at_the_next_reading(management: bool) -> None:
    # Given 200 tasks between two readings
    world = simulated(at_once(200, seconds=3, at=10.5), operator(management=management))
    # Then all 20 workers come with the next
    assert world.steps[0] == (11.0, 20)
    assert numbers(world)[-1] == 0
    assert world.done == 200


def test_a_delay_between_count_and_decision_delays_the_step() -> None:
    world = simulated(at_once(200, seconds=3, at=10.5), operator(delay_seconds=2.5))

    assert world.steps[0] == (13.5, 20)


def test_a_longer_interval_of_reading_delays_the_step() -> None:
    world = simulated(at_once(200, seconds=3, at=10.5), operator(reading_seconds=4.0))

    assert world.steps[0] == (12.0, 20)


def test_workers_leave_a_window_after_they_were_needed() -> None:
    by = rules(window=45, tolerance=25, queue_type="Classic")
    world = simulated(at_once(200, seconds=3), operator(by))

    last = max(world.starts) + 3
    assert numbers(world)[-1] == 0
    # Who is in work is asked once in 5 s
    assert 45 - 6 <= world.steps[-1][0] - last <= 45 + 6


def test_a_floor_by_schedule_is_there_when_its_window_opens() -> None:
    # Given a floor from one o'clock for half an hour, and a trace that begins at midnight
    floor = Floor(
        name="early",
        schedule="0 1 * * *",
        time_zone="Etc/UTC",
        duration_seconds=1800,
        min_workers=3,
    )
    by = rules(floors=(floor,))
    world = simulated(trace((0.0, 1.0), (7200.0, 1.0)), operator(by, begins=MONDAY))

    assert (3600.0, 3) in world.steps
    after = next(at for at, number in world.steps if at > 3600.0)
    assert 5400 <= after <= 5400 + 70
    assert number_at(world, 4000) == 3


def number_at(world: World, moment: float) -> int:
    return [number for at, number in world.steps if at <= moment][-1]


@pytest.mark.parametrize("management", [True, False])
def test_drain_seconds_learns_what_tasks_and_starts_take(management: bool) -> None:
    # Given a guess that is off by a factor of ten, and an hour of two tasks a second
    by = rules(drain_seconds=60)
    day = trace(*((number / 2, 10.0) for number in range(7200)))
    pilot = operator(by, management=management)
    world = simulated(day, pilot, start_seconds=8.0)
    # Then it knows better, and nearly all wait for less than what was asked for
    assert pilot.learner is not None
    learned = pilot.learner.learned(first_guess_seconds=1.0)
    assert learned.task_seconds == pytest.approx(10, rel=0.05)
    assert learned.start_seconds == pytest.approx(8, rel=0.05)
    waits = sorted(begun - at for begun, at in zip(world.starts, day.arrivals, strict=True))
    assert waits[int(0.99 * len(waits))] < 60


class Restless(Operator):
    """Decides on every reading, whether anything can have changed or not."""

    def _is_unmoved(self, world: World, decision: Decision) -> bool:
        del world, decision
        return False


SPARSE = st.lists(st.tuples(st.floats(0, 500), st.floats(0, 40)), min_size=1, max_size=25).map(
    lambda tasks: trace(*sorted(tasks))
)


@settings(max_examples=30, deadline=None)
@given(day=SPARSE, management=st.booleans(), delay_seconds=st.sampled_from([0.0, 0.7]))
@pytest.mark.parametrize("by", [rules(), rules(target=2, bounds=(1, 5)), rules(drain_seconds=30)])
def test_what_is_left_out_while_nothing_changes_makes_no_difference(
    by: Rules, day: Trace, management: bool, delay_seconds: float
) -> None:
    resting = operator(by, management=management, delay_seconds=delay_seconds)
    restless = Restless(rules=by, sight=resting.sight)

    assert simulated(day, resting).steps == simulated(day, restless).steps


def test_two_runs_of_a_day_are_alike() -> None:
    first, second = (simulated(rush(), operator()) for _ in range(2))

    assert first.steps == second.steps
    assert first.starts == second.starts


def test_a_larger_target_lets_more_wait_for_fewer_workers() -> None:
    many, few = (simulated(rush(), operator(rules(target=target))) for target in (2, 20))

    assert mean(few.starts) > mean(many.starts)
    assert len(few.gone) < len(many.gone)


def test_bounds_hold_whatever_comes() -> None:
    by = rules(bounds=(2, 6))
    world = simulated(at_once(500, seconds=4), operator(by))

    assert max(numbers(world)) == 6
    assert numbers(world)[-1] == 2
