"""The decision against a simulated queue with late readings, slow pods and a broker that fails."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from unit.core.builders import rules
from unit.core.world import World


@pytest.mark.parametrize("management", [True, False])
@pytest.mark.parametrize("target", [1, 10])
@pytest.mark.parametrize("task_seconds", [1, 7, 40])
def test_given_a_steady_load_then_the_number_of_workers_does_not_flap(
    management: bool, target: int, task_seconds: int
) -> None:
    # Given two tasks a second
    world = World(
        by=rules(target=target, bounds=(0, 100)), task_seconds=task_seconds, management=management
    )
    world.run(600, publish=2)
    # When nothing changes for an hour
    world.steps.clear()
    world.run(3600, publish=2)
    # Then nobody is sent home to be fetched back, and the queue does not pile up
    assert world.steps == sorted(world.steps)
    assert world.published - world.completed < 1000


@pytest.mark.parametrize("management", [True, False])
def test_given_a_steady_load_and_a_time_to_clear_it_then_the_number_hardly_moves(
    management: bool,
) -> None:
    # Given two tasks a second of five seconds each, which are ten workers' work
    by = rules(drain_seconds=60, tolerance=25)
    world = World(by=by, task_seconds=5, management=management)
    world.run(600, publish=2)
    # When nothing changes for an hour
    world.steps.clear()
    world.run(3600, publish=2)
    # Then there are ten, or one more, and what waits is cleared in time
    assert len(world.steps) <= 6
    assert 10 <= len(world.workers) <= 11
    assert world.waiting <= 2 * 60


@pytest.mark.parametrize("management", [True, False])
def test_given_a_burst_then_up_in_one_step_and_down_to_zero_with_every_task_done(
    management: bool,
) -> None:
    # Given nothing, when 200 tasks come at once
    world = World(by=rules(), management=management)
    world.run(30)
    world.publish(200)
    world.run(400)
    # Then there were 20 workers in one step, then fewer each time, and none in the end
    assert world.steps[0] == 20
    assert world.steps == sorted(world.steps, reverse=True)
    assert world.steps[-1] == 0
    assert world.completed == 200


@pytest.mark.parametrize("management", [True, False])
def test_given_long_tasks_when_fewer_are_allowed_then_draining_tasks_create_nobody(
    management: bool,
) -> None:
    # Given 20 workers in the middle of long tasks
    world = World(by=rules(target=1), task_seconds=300, management=management)
    world.publish(20)
    world.run(100)
    assert world.busy == 20
    # When only 5 are allowed, and then 50 again
    world.by = rules(target=1, bounds=(0, 5))
    world.run(2)
    world.by = rules(target=1)
    world.run(190)
    # Then it was one step down, and no step up
    assert world.steps == [20, 5]
    assert len(world.draining) == 15


def test_given_a_broker_that_is_away_for_three_windows_then_nobody_leaves() -> None:
    world = World(by=rules())
    world.publish(100)
    world.run(10)
    world.down = True
    world.run(200)
    assert world.steps == [10]

    world.down = False
    world.run(300)

    assert world.completed == 100
    assert world.steps[-1] == 0


def test_given_workers_that_never_answer_and_no_management_then_they_leave_one_by_one() -> None:
    world = World(by=rules(window=5), management=False, answering=False)
    world.publish(30)
    world.run(200)

    assert world.steps == [3, 2, 1, 0]


class Disturbed(RuleBasedStateMachine):
    """Anything may happen; when it stops, all is done and minWorkers are left."""

    @initialize(
        least=st.integers(0, 3),
        per_worker=st.integers(1, 10),
        window=st.integers(0, 30),
        drain=st.none() | st.integers(5, 120),
        task_seconds=st.integers(1, 30),
        management=st.booleans(),
        limits=st.sampled_from([{}, {"max_step": 1}, {"max_step": 3}]),
    )
    def begin(
        self,
        *,
        least: int,
        per_worker: int,
        window: int,
        drain: int | None,
        task_seconds: int,
        management: bool,
        limits: dict[str, int],
    ) -> None:
        by = rules(
            bounds=(least, 20),
            target=per_worker,
            window=window,
            drain_seconds=drain,
            tolerance=25,
            up=limits,
            down=limits,
        )
        self.world = World(by=by, task_seconds=task_seconds, management=management)
        self.world.run(1)

    @rule(start=st.integers(1, 60), late=st.integers(0, 20))
    def slow_down(self, start: int, late: int) -> None:
        self.world.start_seconds, self.world.late_seconds = start, late

    @rule(tasks=st.integers(1, 100))
    def publish(self, tasks: int) -> None:
        self.world.publish(tasks)

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.world.run(seconds)

    @rule(seconds=st.integers(1, 60))
    def lose_the_broker(self, seconds: int) -> None:
        self.world.down = True
        self.world.run(self.world.late_seconds)  # what was read before still arrives
        before = len(self.world.workers)
        self.world.run(seconds)
        self.world.down = False
        assert len(self.world.workers) >= before

    @rule(number=st.integers(0, 20))
    def lose_workers(self, number: int) -> None:
        world = self.world
        lost = world.workers[:number]
        tasks = sum(1 for left in lost if left > 0)
        world.waiting += tasks
        world.workers = [-3] * len(lost) + world.workers[number:]

    @rule(most=st.integers(3, 20))
    def allow_other_numbers(self, most: int) -> None:
        scaling = replace(self.world.by.scaling, max_workers=most)
        self.world.by = replace(self.world.by, scaling=scaling)

    @rule(answering=st.booleans())
    def answer_or_not(self, answering: bool) -> None:
        self.world.answering = answering

    @invariant()
    def every_task_is_somewhere(self) -> None:
        world = self.world
        held = world.busy + len(world.draining)
        assert world.published == world.completed + world.waiting + held

    def teardown(self) -> None:
        world = self.world
        world.answering, world.late_seconds = True, 0
        world.run(1)
        # Every task may have to wait for one slow worker of three, and every step for the window
        for _ in range(40):
            world.run(200)
            if (
                world.completed == world.published
                and len(world.workers) == world.by.scaling.min_workers
            ):
                break
        assert world.completed == world.published
        assert len(world.workers) == world.by.scaling.min_workers


def test_whatever_happens_all_is_done_in_the_end_and_nobody_is_left_over() -> None:
    few = settings(max_examples=20, stateful_step_count=15)
    run_state_machine_as_test(Disturbed, settings=few)
