"""One step of one WorkQueue: look, decide, act, report. Idempotent; can be taken at any time."""

from collections.abc import Sequence
from dataclasses import dataclass

from workqueue_operator.controller.acting import Acting
from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.finalizing import Finalizing
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.conditions import Findings
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.errors import ApiError, BrokerError, WorkQueueError
from workqueue_operator.core.pods import Trouble, diagnose
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.ports import BusyAnswer, Cluster, Pod

CONFLICT = 409
RETRY_FIRST_SECONDS = 1.0
RETRY_LAST_SECONDS = 30.0
LOOK_AT_PODS_EVERY_SECONDS = 5.0
ASK_SECONDS = {"now": 0.5, "soon": 5.0}
"""How long after a census the workers may be asked again."""


@dataclass(slots=True)
class Stepper:
    """Takes steps; holds no state of its own."""

    cluster: Cluster
    queueing: Queueing
    acting: Acting
    finalizing: Finalizing
    reporter: Reporter
    clock: Clock

    def step(self, state: ObjectState) -> float | None:
        """Take one step. Expected trouble is reported; bugs are raised.

        Returns seconds until another step is wanted, whatever else happens; None: none is.
        """
        if state.wq.deleted is not None:
            return self.finalizing.step(state)
        found = Findings()
        waits: list[float | None] = []
        try:
            access = self.queueing.resolve(state)
            self.finalizing.guard(state)
            self.queueing.watch(state, access)
        except ApiError as error:
            if error.status == CONFLICT:
                return RETRY_FIRST_SECONDS  # somebody wrote the object since we read it
            found.blocked = error
            waits.append(self._retry(state))
        except WorkQueueError as error:
            found.blocked = error
            self.queueing.release(state)
            waits.append(self._retry(state))
        else:
            waits += self._advance(state, found)
        waits.append(self._report(state, found))
        return min((wait for wait in waits if wait is not None), default=None)

    def _advance(self, state: ObjectState, found: Findings) -> Sequence[float | None]:
        """Declare, decide and act."""
        waits: list[float | None] = [self.queueing.look_again_seconds(state)]
        access = state.target[0] if state.target else None
        try:
            found.declared = access is not None and self.queueing.ensure(state, access)
        except BrokerError as error:
            found.queue = error
        if not found.declared and state.reading is not None:
            waits.append(self._retry(state))
        decision = self._decide(state)
        found.reading, found.decision = state.reading, decision
        if decision is None:
            return waits
        try:
            waits.append(self.acting.act(state, decision, may_create=found.declared))
        except WorkQueueError as error:
            found.acting = error
            waits.append(self._retry(state))
        if decision.ask is not None:
            waits.append(ASK_SECONDS[decision.ask])
        if found.declared and found.acting is None:
            state.failures = 0
        waits.append(self._look_at_pods(state, found))
        return waits

    def _decide(self, state: ObjectState) -> Decision | None:
        decision = self._decide_now(state)
        if decision is None or decision.ask is None:
            return decision
        age = self.clock.monotonic() - state.census_at
        if age < ASK_SECONDS[decision.ask]:
            return decision
        self._take_census(state)
        return self._decide_now(state, learning=True)

    def _decide_now(self, state: ObjectState, *, learning: bool = False) -> Decision | None:
        now = self.clock.monotonic()
        with state.lock:
            seen = state.seen(now)
            if seen is None:
                return None
            if learning:
                learn(state.rules, seen, state.history, now=now)
            decision = decide(state.rules, seen, state.history, now=now)
            if decision.reason is Reason.SHRINKING_BLIND:
                state.history.restart_window(now)
            state.decided = decision
            return decision

    def _take_census(self, state: ObjectState) -> None:
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        silent = state.wq.worker.brings_own_consumer
        answers = {} if silent else self.cluster.ask_busy([pod for pod in pods if pod.ip])
        voices = [_voice(pod, answers.get(pod.name)) for pod in pods]
        with state.lock:
            state.census = count(voices, age_seconds=0.0)
            state.census_at = self.clock.monotonic()
            if state.census.has_settled(state.wanted()):
                state.last_shrink = None

    def _look_at_pods(self, state: ObjectState, found: Findings) -> float | None:
        """Diagnose pods that do not become ready, once in a while."""
        live = state.deployment
        if live is None or live.ready >= live.replicas:
            state.trouble = None
            return None
        now = self.clock.monotonic()
        if now - state.trouble_at >= LOOK_AT_PODS_EVERY_SECONDS:
            state.trouble_at = now
            state.trouble = self._diagnose(state)
        found.trouble = state.trouble
        return LOOK_AT_PODS_EVERY_SECONDS

    def _diagnose(self, state: ObjectState) -> Trouble | None:
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        return diagnose([pod.raw for pod in pods if not pod.terminating])

    def _report(self, state: ObjectState, found: Findings) -> float | None:
        live = state.deployment
        found.desired = state.wanted()
        found.ready = live.ready if live else 0
        if found.decision is None and found.problem() is None and state.wq.status:
            return None  # just started, and what stands there is not known to be wrong
        return self.reporter.report(state, found)

    def _retry(self, state: ObjectState) -> float:
        """Longer each time, until something works."""
        state.failures += 1
        return min(RETRY_LAST_SECONDS, RETRY_FIRST_SECONDS * 2.0 ** min(state.failures - 1, 8))


def _voice(pod: Pod, answer: BusyAnswer | None) -> Voice:
    running = pod.raw.get("status", {}).get("phase") == "Running"
    leaving = pod.terminating or (answer is not None and answer.draining)
    return Voice(terminating=leaving, running=running, tasks=answer.busy if answer else None)
