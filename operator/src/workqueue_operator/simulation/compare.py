"""The same trace under several autoscalers."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workqueue_operator.core.decision import Rules
from workqueue_operator.simulation.fixed import Fixed
from workqueue_operator.simulation.keda import Keda, Scaler
from workqueue_operator.simulation.ours import Operator, Sight
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import Conditions, Pilot, World

OURS, TUNED, DEFAULTS, FIXED = "workqueue", "keda-tuned", "keda", "fixed"
POLICIES = (OURS, TUNED, DEFAULTS, FIXED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is compared, and where. fixed_workers None: as many as the trace needs in the mean."""

    rules: Rules
    sight: Sight
    conditions: Conditions
    fixed_workers: int | None


def runs(trace: Trace, setting: Setting, policies: tuple[str, ...]) -> Iterator[tuple[str, World]]:
    """One run after the other, each in a world of its own."""
    pilots = _pilots(trace, setting)
    for policy in policies:
        world = World(trace=trace, by=setting.conditions)
        world.run(pilots[policy])
        yield policy, world


def _pilots(trace: Trace, setting: Setting) -> Mapping[str, Pilot]:
    scaler, seed = _scaler(trace, setting), setting.conditions.seed
    window = float(setting.rules.scaling.scale_down.stabilization_seconds)
    tuned = Scaler(
        value=scaler.value,
        min_workers=scaler.min_workers,
        max_workers=scaler.max_workers,
        polling_seconds=1.0,
        cached=True,
        cooldown_seconds=window,
        stabilization_seconds=window,
        pods_per_sync=100,
    )
    workers = setting.fixed_workers or trace.mean_workers
    return {
        OURS: Operator(rules=setting.rules, sight=setting.sight),
        TUNED: Keda(by=tuned, seed=seed),
        DEFAULTS: Keda(by=scaler, seed=seed),
        FIXED: Fixed(workers),
    }


def _scaler(trace: Trace, setting: Setting) -> Scaler:
    """The ScaledObject that asks for the same. KEDA knows no seconds: a user would measure what a
    task takes in the mean, and divide."""
    scaling = setting.rules.scaling
    value = float(scaling.target.value)
    if scaling.target.metric == "DrainSeconds":
        mean_seconds = trace.busy_seconds / len(trace.arrivals)
        value = max(1.0, float(round(value / mean_seconds))) if mean_seconds else math.inf
    return Scaler(value=value, min_workers=scaling.min_workers, max_workers=scaling.max_workers)
