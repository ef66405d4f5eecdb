"""Small traces and worlds for the tests of the simulation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from unit.core.builders import rules
from workqueue_operator.core.decision import Rules
from workqueue_operator.simulation.compare import Setting
from workqueue_operator.simulation.ours import Operator, Sight
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import Conditions, Pilot, World

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SIGHT = Sight(reading_seconds=1.0, delay_seconds=0.0, management=False, begins=MONDAY)
CONDITIONS = Conditions(start_seconds=5.0, deployment_seconds=0.2, seed=1)


def trace(*tasks: tuple[float, float]) -> Trace:
    """Of (arrival, duration), in order."""
    return Trace(
        name="made",
        arrivals=[arrival for arrival, _ in tasks],
        durations=[duration for _, duration in tasks],
    )


def at_once(tasks: int, *, seconds: float, at: float = 0.0) -> Trace:
    """So many tasks in one moment."""
    return trace(*[(at, seconds)] * tasks)


def rush(tasks: int = 600) -> Trace:
    """One a second in the mean, now more and now fewer, of very unequal length."""
    return trace(
        *sorted(
            (number + 40.0 * (number * 7 % 11), 1.0 + number * 13 % 37) for number in range(tasks)
        )
    )


def simulated(day: Trace, pilot: Pilot, **conditions: Any) -> World:
    """The world after the run."""
    world = World(trace=day, by=replace(CONDITIONS, **conditions))
    world.run(pilot)
    return world


def operator(by: Rules | None = None, **sight: Any) -> Operator:
    """This operator; with the schema's defaults, where that is not the point."""
    return Operator(rules=by or rules(tolerance=25), sight=replace(SIGHT, **sight))


def setting(by: Rules | None = None, **fields: Any) -> Setting:
    """What is compared."""
    ordinary = Setting(
        rules=by or rules(tolerance=25), sight=SIGHT, conditions=CONDITIONS, fixed_workers=None
    )
    return replace(ordinary, **fields)


def numbers(world: World) -> Sequence[int]:
    """The steps, without their times."""
    return [workers for _, workers in world.steps]
