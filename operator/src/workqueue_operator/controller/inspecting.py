"""A look at the worker pods: who is busy, and what keeps them from being ready."""

import threading
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.sampling import Sampling
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.pods import Trouble, diagnose, refused
from workqueue_operator.core.victims import Standing, Worker
from workqueue_operator.ports import BusyAnswer, Cluster, DeploymentState, Pod

LOOK_AT_PODS_EVERY_SECONDS = 5.0
SELDOM_AFTER_SECONDS = 60.0
SELDOM_SECONDS = 30.0
"""Pods that have not become ready for long are not looked at so often: each look is a request."""
CENSUSES_AT_ONCE = 4
"""Workers that nobody can reach hold a thread for a second each time they are asked."""


@dataclass(slots=True)
class Inspecting:
    """Lists pods, of one WorkQueue at a time and only when there is a question."""

    cluster: Cluster
    sampling: Sampling
    clock: Clock
    censuses: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(CENSUSES_AT_ONCE)
    )
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def take_census(self, state: ObjectState) -> bool:
        """Ask the workers who is busy. Returns False when too many others are being asked."""
        if not self.censuses.acquire(blocking=False):
            return False
        try:
            self._count(state)
        finally:
            self.censuses.release()
        return True

    def look_at_pods(self, state: ObjectState) -> float | None:
        """Diagnose pods that do not become ready, once in a while.

        Returns seconds until the next look; None while all are ready.
        """
        live, now = state.deployment, self.clock.monotonic()
        if live is None or live.ready >= live.replicas:
            state.learn_trouble(None, now)
            state.looked_at = None
            return None
        if state.looked_at is None or state.ready_at_look != live.ready:
            # Not ready yet is no trouble, and some more are ready: the first look comes later.
            state.looked_at = state.unready_since = now
            state.ready_at_look = live.ready
        every = LOOK_AT_PODS_EVERY_SECONDS
        if now - state.unready_since >= SELDOM_AFTER_SECONDS:
            every = SELDOM_SECONDS
        if now - state.looked_at >= every:
            self._look_if_free(state, live, now)
        return every

    def _look_if_free(self, state: ObjectState, live: DeploymentState, now: float) -> None:
        """One at a time: where a thousand wait for their pods, no step waits for their looks."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            state.looked_at = now
            state.learn_trouble(self._diagnose(state, live.refused), now)
        finally:
            self._looking.release()

    def _count(self, state: ObjectState) -> None:
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        silent = state.wq.worker.brings_own_consumer
        answers = {} if silent else self.cluster.ask_busy([pod for pod in pods if pod.ip])
        voices = [_voice(pod, answers.get(pod.name)) for pod in pods]
        with state.lock:
            state.census = count(voices, age_seconds=0.0)
            state.census_at = self.clock.monotonic()
            state.roll = [
                _worker(pod, answers.get(pod.name)) for pod in pods if not pod.terminating
            ]
            if state.census.has_settled(state.wanted()):
                state.last_shrink = None
        self.sampling.heard(state, pods, answers, state.census_at)

    def _diagnose(self, state: ObjectState, no_pods: str | None) -> Trouble | None:
        if no_pods is not None:
            return refused(no_pods)
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        return diagnose([pod.raw for pod in pods if not pod.terminating])


def _voice(pod: Pod, answer: BusyAnswer | None) -> Voice:
    leaving = pod.terminating or (answer is not None and answer.draining)
    return Voice(terminating=leaving, running=_runs(pod), tasks=answer.busy if answer else None)


def _worker(pod: Pod, answer: BusyAnswer | None) -> Worker:
    return Worker(
        name=pod.name,
        uid=pod.uid,
        tasks=answer.busy if answer else None,
        cost=pod.cost,
        standing=_standing(pod),
        created=pod.raw["metadata"].get("creationTimestamp", ""),
    )


def _standing(pod: Pod) -> Standing:
    if not pod.raw.get("spec", {}).get("nodeName") or not _runs(pod):
        return Standing.WAITING
    return Standing.READY if pod.ready else Standing.UNREADY


def _runs(pod: Pod) -> bool:
    return bool(pod.raw.get("status", {}).get("phase") == "Running")
