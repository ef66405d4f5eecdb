"""How many workers a number of tasks asks for, by the target, before the bounds."""

import math
from typing import NamedTuple

from workqueue_operator.core.decision import Rules, Seen
from workqueue_operator.core.learning import Learned
from workqueue_operator.core.scaling import Scaling

LEAST_WORKING_SHARE = 0.25
"""A worker that starts is taken to work in at least this part of DrainSeconds: where the start
takes longer than the target, no number of workers could meet it."""


class Need(NamedTuple):
    """Workers that are needed. Sorts the higher need after the lower one.

    tolerated: as many or one more: a step down by a single worker is worth it only below that.
    """

    workers: int
    tolerated: int

    def at_least(self, workers: int) -> "Need":
        """The same, or so many where that is more."""
        return Need(max(self.workers, workers), max(self.tolerated, workers))


def need_of(ready: int, in_work: int, rules: Rules, seen: Seen) -> Need:
    """What so many tasks, waiting and in work, ask for. Monotone in both."""
    scaling, tasks = rules.scaling, ready + in_work
    if tasks == 0 or (seen.wanted == 0 and tasks <= scaling.activation_backlog):
        return Need(0, 0)
    tolerance, value = scaling.scale_down.tolerance_percent, scaling.target.value
    if scaling.target.metric == "BacklogPerWorker":
        exact = tasks / value
        # The share of one worker is whole tasks: with one task per worker nobody idles for it.
        tolerated = (tasks + value * tolerance // 100) / value
    else:
        exact = _to_drain(ready, in_work, value, seen.ready, _learned(scaling, seen))
        tolerated = exact + tolerance / 100
    workers = max(math.ceil(exact), scaling.min_active_workers)
    return Need(workers, max(workers, math.ceil(tolerated)))


def in_words(rules: Rules, seen: Seen) -> str:
    """The target, with the numbers that were reckoned with."""
    target = rules.scaling.target
    if target.metric == "BacklogPerWorker":
        return f"target {target.value} per worker"
    learned = _learned(rules.scaling, seen)
    arrive = ""
    if learned.arrivals_per_second is not None:
        arrive = f", {learned.arrivals_per_second:.3g} arrive per second"
    guess = "a first guess" if learned.task_samples == 0 else f"{learned.task_samples} samples"
    return (
        f"to be cleared in {target.value} s at {learned.task_seconds:.3g} s per task "
        f"({guess}){arrive}"
    )


def _to_drain(ready: int, in_work: int, within: int, workers: int, learned: Learned) -> float:
    """Workers that do all that is there, and what arrives meanwhile, within so many seconds.

    The sum of the seconds that tasks keep a worker busy until then, divided by the seconds: one
    that waits, all of its own; one in work, on the average half of them; one that arrives, those
    that are left. workers: those that work from now on; the others have to start first.
    """
    seconds, arriving = learned.task_seconds, learned.arrivals_per_second or 0.0
    if seconds <= within:
        half, left = seconds / 2, seconds * within - seconds**2 / 2
    else:
        half, left = within - within**2 / (2 * seconds), within**2 / 2
    busy = ready * min(seconds, within) + in_work * half + arriving * left
    steady = busy / within
    if steady > workers:
        working = max(within - learned.start_seconds, within * LEAST_WORKING_SHARE)
        steady = workers + (steady - workers) * within / working
    # No more workers than there are tasks, now and while one is worked on.
    return min(steady, ready + in_work + arriving * seconds)


def _learned(scaling: Scaling, seen: Seen) -> Learned:
    return seen.learned or Learned.guess(task_seconds=scaling.target.expected_task_seconds)
