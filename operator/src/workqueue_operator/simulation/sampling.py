"""The seconds that a task takes, from the workers' own counters: a few of them, once in a while."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from workqueue_operator.core.learning import Learner
from workqueue_operator.simulation.world import Pod

SAMPLE_SECONDS = 30.0
SAMPLED_WORKERS = 5


@dataclass(slots=True)
class Sampling:
    """Of one WorkQueue."""

    _before: dict[Pod, tuple[int, float]] = field(default_factory=dict)

    def take(self, pods: Iterable[Pod], learner: Learner, now: float) -> None:
        """Ask up to five workers what they have done since they were last asked."""
        asked = list(islice((pod for pod in pods if pod.ready), SAMPLED_WORKERS))
        counters = {pod: (pod.tasks, pod.worked_seconds) for pod in asked}
        before = [self._before.get(pod, (0, 0.0)) for pod in asked]
        learner.learn_tasks(
            tasks=sum(pod.tasks for pod in asked) - sum(tasks for tasks, _ in before),
            busy_seconds=sum(pod.worked_seconds for pod in asked)
            - sum(seconds for _, seconds in before),
            now=now,
        )
        self._before = counters
