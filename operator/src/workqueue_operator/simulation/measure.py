"""What a run came to: exact numbers from when tasks were begun and how long pods were there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workqueue_operator.simulation.curves import Curve
from workqueue_operator.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One autoscaler on one trace. Waiting is from a task's arrival until it is begun, in seconds.

    overhead: worker-seconds for each second of work or of starting up; 1 is the best there is.
    """

    policy: str
    unfinished: int  # tasks
    backlog_mean: float
    backlog_max: int
    waiting_mean: float
    waiting_p50: float
    waiting_p99: float
    workers_mean: float
    workers_max: int
    worker_seconds: float
    overhead: float
    steps: int


def figures(policy: str, world: World) -> Figures:
    """Sum a run up."""
    waits, pods = sorted(waiting(world)), _stays(world)
    backlog, workers = backlog_curve(world), workers_curve(world)
    worker_seconds = math.fsum(end - begin for begin, end in pods)
    worked = math.fsum(world.trace.durations[: world.done])
    starting = math.fsum(min(world.by.start_seconds, end - begin) for begin, end in pods)
    return Figures(
        policy=policy,
        unfinished=world.total - world.done,
        backlog_mean=backlog.mean(0.0, world.now),
        backlog_max=max(backlog.values),
        waiting_mean=math.fsum(waits) / len(waits) if waits else math.nan,
        waiting_p50=percentile(waits, 50),
        waiting_p99=percentile(waits, 99),
        workers_mean=worker_seconds / world.now,
        workers_max=max(workers.values),
        worker_seconds=worker_seconds,
        overhead=worker_seconds / (worked + starting) if pods else math.nan,
        steps=len(world.steps),
    )


def waiting(world: World) -> list[float]:
    """Seconds from arrival to begin, of every task that was begun, in order of arrival."""
    return [begun - at for begun, at in zip(world.starts, world.trace.arrivals, strict=False)]


def backlog_curve(world: World) -> Curve:
    """Tasks that wait or are in work."""
    ends = (begun + took for begun, took in zip(world.starts, world.trace.durations, strict=False))
    arrived = world.trace.arrivals[: world.arrived]
    return Curve.counting(arrived, (end for end in ends if end <= world.now))


def workers_curve(world: World) -> Curve:
    """Pods, from their creation until they are gone."""
    pods = _stays(world)
    return Curve.counting((begin for begin, _ in pods), (end for _, end in pods))


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The nearest rank: a value that occurs. NaN of nothing."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def _stays(world: World) -> list[tuple[float, float]]:
    """Of every pod, from when until when it was there."""
    gone = [(pod.created, pod.ended) for pod in world.gone]
    there = [*world.staying, *world.draining]
    return gone + [(pod.created, world.now) for pod in there]
