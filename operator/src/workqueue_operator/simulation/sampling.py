"""The seconds that a task takes, from the workers' own counters: a few of them, once in a while."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from workqueue_operator.core.learning import Learner
from workqueue_operator.simulation.world import Pod

EVERY_SECONDS = 30.0
FIRST_SECONDS = 5.0
ASKED_AT_MOST = 5
"""As in the controller, which a test compares."""


@dataclass(slots=True)
class Sampling:
    """Of one WorkQueue."""

    _worked: dict[Pod, tuple[int, float]] = field(default_factory=dict)  # as last told

    def take(self, pods: Iterable[Pod], learner: Learner, now: float) -> None:
        """Ask those that were asked before, but one for another, what they have done since."""
        ready = [pod for pod in pods if pod.ready]
        known = [pod for pod in self._worked if pod.ready and not pod.leaving]
        others = [pod for pod in ready if pod not in self._worked]
        kept = known[1 - ASKED_AT_MOST :] if others else known
        asked = [*kept, *others[: ASKED_AT_MOST - len(kept)]]
        for pod in asked:
            tasks, seconds = self._worked.get(pod, (0, 0.0))
            learner.learn_tasks(
                tasks=pod.tasks - tasks, busy_seconds=pod.worked_seconds - seconds, now=now
            )
        self._worked = {pod: (pod.tasks, pod.worked_seconds) for pod in asked}
