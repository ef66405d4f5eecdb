"""What is measured at each size, how each is told, and what it should come to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.figures import Figure

SIZES = (1, 100, 1_000, 10_000)


def middle(figure: Figure) -> float:
    """The median."""
    return figure.quantile(0.5)


def late(figure: Figure) -> float:
    """The 99th percentile."""
    return figure.quantile(0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. goals: by size, each the most that the figure may be."""

    key: str
    title: str
    told: Callable[[Figure], float] = middle
    goals: Mapping[int, float] = field(default_factory=dict)
    digits: int = 2


ROWS = (
    Row(key="latency", title="publish confirmed to `spec.replicas` patched to N, p50"),
    Row(
        key="latency",
        title="the same, p99",
        told=late,
        goals={1: 0.3, 1_000: 0.6, 10_000: 2.0},
    ),
    Row(
        key="operator-cpu",
        title="operator at rest: CPU",
        goals={1_000: 15, 10_000: 60},
        digits=1,
    ),
    Row(
        key="operator-memory",
        title="operator at rest: memory (RSS)",
        goals={1_000: 150, 10_000: 450},
        digits=0,
    ),
    Row(
        key="broker-cpu",
        title="broker at rest: CPU caused by the operator",
        goals={1: 10, 1_000: 10, 10_000: 25},
        digits=1,
    ),
    Row(
        key="api-writes",
        title="API requests of the operator at rest: writes",
        goals=dict.fromkeys(SIZES, 0.0),
        digits=0,
    ),
    Row(key="api-secrets", title="... reads of Secrets", digits=1),
    Row(key="api-reads", title="... all other reads and watches", digits=1),
    Row(
        key="surge",
        title="all queues (1,000 at most) active in one second: to all scaled",
        goals={1_000: 5, 10_000: 5},
    ),
    Row(
        key="applied",
        title="all applied at once: to queue declared, Deployment there, status written, for all",
        goals={1_000: 20, 10_000: 200},
        digits=1,
    ),
    Row(
        key="restart",
        title="restart of the operator: to every object decided",
        goals={1: 5, 1_000: 10, 10_000: 60},
        digits=1,
    ),
    Row(
        key="restart-writes",
        title="... writes to the API server by then",
        goals=dict.fromkeys(SIZES, 0.0),
        digits=0,
    ),
)

PLAIN: Mapping[str, str] = {
    "ready-operator": "0 to 20 workers Ready, by the operator (from mode: Auto on)",
    "ready-kubectl": "0 to 20 workers Ready, by kubectl scale, same Deployment",
    "scalein-operator": "busy when told to leave, an idle one was there: by the operator (goal 5)",
    "scalein-kubectl": "the same by kubectl scale, same Deployment, same run",
    "scalein-twice": "tasks started twice in all these steps down (goal 0)",
    "mark-seen": "a change of a pod written to seen by the controller of its ReplicaSet (goal 1)",
    "worker-memory": "memory of a worker after its first tasks (RSS)",
    "worker-first-task": "process start of a worker to its first task, tasks waiting",
    "worker-start": "process start of a worker alone to consuming (goal 0.5)",
    "worker-exit": "SIGTERM of an idle worker to its exit (goal 1)",
    "simulate": "`workqueue simulate`, a day of 100,000 tasks with all policies (goal 10)",
}
"""Figures that do not depend on the number of WorkQueues."""

SPEED_GOAL = 0.9
"""Tasks a second of a worker, as a share of those of a bare loop."""

READY_RATIO_GOAL = 1.25
