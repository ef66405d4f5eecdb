"""A look at the worker pods: who is busy, and what keeps them from being ready."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.sampling import Answers, Sampling
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.crashing import crash, guard, known_by_name
from workqueue_operator.core.errors import SecretMissingError
from workqueue_operator.core.hints import tasks_of, wait_seconds, with_look
from workqueue_operator.core.pods import (
    Trouble,
    diagnose,
    is_being_made,
    refused,
    without_secret,
)
from workqueue_operator.core.victims import Standing, Worker
from workqueue_operator.ports import BusyAnswer, Cluster, DeploymentState, Holders, Pod

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
    holders: Holders
    sampling: Sampling
    clock: Clock
    censuses: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(CENSUSES_AT_ONCE)
    )
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def take_census(self, state: ObjectState) -> bool:
        """Ask the workers who is busy.

        Returns False when too many others are being asked, or the broker has to be asked for them
        and one answer is not enough.
        """
        if not self.censuses.acquire(blocking=False):
            return False
        try:
            return self._count(state)
        finally:
            self.censuses.release()

    def look_at_pods(self, state: ObjectState) -> float | None:
        """Diagnose pods that do not become ready, once in a while.

        Returns seconds until the next look; None while all are ready.
        """
        live, now = state.deployment, self.clock.monotonic()
        guarded = state.trouble is not None and state.trouble.few is not None
        if live is None or (live.ready >= live.replicas and not guarded):
            state.learn_trouble(None, now)
            state.looked_at = None
            return None
        if state.looked_at is None or state.ready_at_look < live.ready:
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

    def _count(self, state: ObjectState) -> bool:
        own, now = state.wq.worker.brings_own_consumer, self.clock.monotonic()
        if own and state.leaving is None and wait_seconds(state.looks, now) > 0:
            return False  # nobody who is leaving is asked of too soon: there is an older look
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        answers = self._hints(state, pods) if own else self._ask(pods)
        if answers is None:
            return False
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
        return True

    def _ask(self, pods: Sequence[Pod]) -> Answers:
        return self.cluster.ask_busy([pod for pod in pods if pod.ip])

    def _hints(self, state: ObjectState, pods: Sequence[Pod]) -> Answers | None:
        """What the broker knows of the workers; None: the next look will tell."""
        held = self.holders.held(*state.target) if state.target else None
        if held is None:
            return {}
        state.looks = with_look(state.looks, held, self.clock.monotonic())
        tasks = tasks_of([pod.name for pod in pods], state.looks)
        if tasks is None:
            return None
        return {name: BusyAnswer(busy=count, draining=False) for name, count in tasks.items()}

    def _diagnose(self, state: ObjectState, no_pods: str | None) -> Trouble | None:
        if no_pods is not None:
            return refused(no_pods)
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        staying = [pod for pod in pods if not pod.terminating]
        raw, now = [pod.raw for pod in staying], self.clock.now()
        guarded = guard(raw, self._finished(state, staying), now=now) if crash(raw) else None
        found = known_by_name(guarded, diagnose(raw, now=now))
        return found or (self._missing_secret(state) if is_being_made(raw) else None)

    def _missing_secret(self, state: ObjectState) -> Trouble | None:
        """Pods wait for a Secret without a word of it in their status."""
        wq = state.wq
        for name in (wq.worker.broker_secret_name, wq.broker.ca_secret_name):
            try:
                if name is not None:
                    self.cluster.read_secret(wq.namespace, name)
            except SecretMissingError as error:
                return without_secret(str(error))
        return None

    def _finished(self, state: ObjectState, pods: Sequence[Pod]) -> Collection[str]:
        """Of which of these it is known that they have finished a task."""
        if state.wq.worker.brings_own_consumer:
            return ()
        answers = self.cluster.ask_busy([pod for pod in pods if pod.ready and pod.ip])
        return {name for name, each in answers.items() if each and each.worked and each.worked[0]}


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
