"""What DrainSeconds learns of the workers: seldom, a few of them, and spread over time."""

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.counters import Choose, Counters
from workqueue_operator.controller.spread import Spread
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.learning import Learner
from workqueue_operator.ports import BusyAnswer, Cluster, Pod, Rates

EVERY_SECONDS = 30.0
FIRST_SECONDS = 5.0
"""Workers that have just started have finished nothing yet."""

REUSED_SECONDS = 15.0
"""A census stands for a look that would be due within so much."""

APART_SECONDS = 0.1
"""Ten looks a second and no more, however many WorkQueues there are: each then waits longer."""

AT_ONCE = 2
"""Workers that nobody can reach hold a thread for a second each time they are asked."""


def _spread(after_seconds: float) -> Spread:
    return Spread(after_seconds=after_seconds, apart_seconds=APART_SECONDS)


Answers = Mapping[str, BusyAnswer | None]


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the workers of one WorkQueue. now: monotonic seconds."""

    state: ObjectState
    counters: Counters
    learner: Learner
    now: float


@dataclass(slots=True)
class Sampling:
    """Asks workers for their counters, and the broker for those who bring their own consumer."""

    cluster: Cluster
    rates: Rates
    clock: Clock
    choose: Choose = random.sample
    _first: Spread = field(default_factory=lambda: _spread(FIRST_SECONDS))
    _again: Spread = field(default_factory=lambda: _spread(EVERY_SECONDS))
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def sample(self, state: ObjectState, now: float) -> float | None:
        """Look at the workers, if that is due. now: monotonic seconds.

        Returns seconds until the next look; None: nothing is to be learned, until a Deployment
        has ready workers. Trouble is no trouble: what could not be learned now will be later.
        """
        learner, live = state.learner, state.deployment
        if learner is None:
            state.counters = None
            return None
        if live is None or live.ready == 0:
            return None
        if state.counters is None:
            due = self._first.next(now)
            state.counters = Counters(due=due, finished_at=now - EVERY_SECONDS)
        counters = state.counters
        if now >= counters.due:
            counters.due = self._again.next(now)
            self._look_if_free(_Look(state, counters, learner, now))
        return counters.due - now

    def heard(self, state: ObjectState, pods: Sequence[Pod], answers: Answers, now: float) -> None:
        """Somebody has asked the workers: that stands for a look that is due, or nearly so."""
        learner, counters = state.learner, state.counters
        if learner is None or counters is None or now < counters.due - REUSED_SECONDS:
            return
        if state.wq.worker.brings_own_consumer:
            return  # of those nobody is asked
        counters.due = self._again.next(now)
        look = _Look(state, counters, learner, now)
        self._learn_starts(look, pods)
        _learn_tasks(look, counters.to_ask(pods, self.choose), answers)

    def _look_if_free(self, look: _Look) -> None:
        if not self._free.acquire(blocking=False):
            return
        try:
            self._look(look)
        except ApiError:
            return  # a step that needs the API server tells of it; this can wait
        finally:
            self._free.release()

    def _look(self, look: _Look) -> None:
        wq = look.state.wq
        pods = self.cluster.list_pods(wq.namespace, wq.name)
        self._learn_starts(look, pods)
        if wq.worker.brings_own_consumer:
            self._learn_throughput(look)
        elif chosen := look.counters.to_ask(pods, self.choose):
            _learn_tasks(look, chosen, self.cluster.ask_busy(chosen))

    def _learn_starts(self, look: _Look, pods: Sequence[Pod]) -> None:
        started = look.counters.starts(pods, now=self.clock.now())
        with look.state.lock:
            for seconds in started:
                look.learner.learn_start(seconds=seconds, now=look.now)

    def _learn_throughput(self, look: _Look) -> None:
        """Little's law: the seconds of a task are tasks in work / tasks finished per second."""
        target, live, counters = look.state.target, look.state.deployment, look.counters
        if target is None or live is None:
            return
        access, queue = target
        seen = self.rates.ask(access, queue, seconds=look.now - counters.finished_at)
        if seen is None or seen.finished == 0:
            return  # the next look is at a longer time, or long tasks would seem to be shorter
        counters.finished_at = look.now
        # What a worker holds beyond its first task waits there, and is not worked on.
        busy_seconds = min(seen.unacked, live.ready) * seen.seconds
        with look.state.lock:
            look.learner.learn_tasks(tasks=seen.finished, busy_seconds=busy_seconds, now=look.now)


def _learn_tasks(look: _Look, pods: Sequence[Pod], answers: Answers) -> None:
    with look.state.lock:
        for tasks, seconds in look.counters.finished(pods, answers, whole=look.learner.is_new):
            look.learner.learn_tasks(tasks=tasks, busy_seconds=seconds, now=look.now)
