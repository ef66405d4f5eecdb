"""One step of one WorkQueue: look, decide, act, report. Idempotent; can be taken at any time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.acting import Acting
from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.finalizing import Finalizing
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.access import Access
from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.conditions import Findings
from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.errors import ApiError, BrokerError, WorkQueueError
from workqueue_operator.core.pods import Trouble, diagnose
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Unknown
from workqueue_operator.ports import BusyAnswer, Cluster, Pod

CONFLICT = 409
RETRY_FIRST_SECONDS = 1.0
RETRY_LAST_SECONDS = 30.0
DECLARE_AGAIN_SECONDS = 5.0
LOOK_AT_PODS_EVERY_SECONDS = 5.0
CENSUSES_AT_ONCE = 4
"""Workers that nobody can reach hold a thread for a second each time they are asked."""
ASK_SECONDS = {"now": 0.5, "soon": 5.0}
"""How long after a census the workers may be asked again."""


@dataclass(slots=True)
class Stepper:
    """Takes steps; remembers nothing between them."""

    cluster: Cluster
    queueing: Queueing
    acting: Acting
    finalizing: Finalizing
    reporter: Reporter
    clock: Clock
    censuses: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(CENSUSES_AT_ONCE)
    )

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
        except WorkQueueError as error:
            found.blocked = error
            self.queueing.release(state)
        else:
            waits += self._advance(state, access, found)
        waits.append(self._report(state, found))
        waits.append(self._again(state, found))
        return min((wait for wait in waits if wait is not None), default=None)

    def failed(self, state: ObjectState) -> float:
        """A step came to nothing. Returns seconds until the next: more each time.

        Until then what is read of the queue asks for no step, unless it is of another kind.
        """
        state.failures += 1
        doubled = RETRY_FIRST_SECONDS * 2.0 ** min(state.failures - 1, 8)
        return self._rest(state, min(RETRY_LAST_SECONDS, doubled))

    def _again(self, state: ObjectState, found: Findings) -> float | None:
        """Seconds until another try, where something did not work."""
        if found.errors():
            return self.failed(state)
        if found.declared or state.reading is None:
            state.failures = 0
            return None
        if isinstance(state.reading, Unknown):
            return self.failed(state)
        return self._rest(state, DECLARE_AGAIN_SECONDS)

    def _rest(self, state: ObjectState, seconds: float) -> float:
        with state.lock:
            state.quiet_until = self.clock.monotonic() + seconds
        return seconds

    def _advance(
        self, state: ObjectState, access: Access, found: Findings
    ) -> Sequence[float | None]:
        """Declare, decide and act."""
        waits: list[float | None] = [self.queueing.look_again_seconds(state)]
        try:
            found.declared = self.queueing.ensure(state, access)
        except BrokerError as error:
            found.queue = error
        decision = self._decide(state, found)
        found.reading, found.decision = state.reading, decision
        if decision is None:
            return waits
        try:
            waits.append(self.acting.act(state, decision, may_create=found.declared))
            waits.append(self._look_at_pods(state, found))
        except WorkQueueError as error:
            found.acting = error
        if decision.ask is not None:
            waits.append(ASK_SECONDS[decision.ask])
        return waits

    def _decide(self, state: ObjectState, found: Findings) -> Decision | None:
        decision = self._decide_now(state)
        if decision is None or decision.ask is None:
            return decision
        age = self.clock.monotonic() - state.census_at
        if age < ASK_SECONDS[decision.ask] or not self.censuses.acquire(blocking=False):
            return decision  # it says what is safe without an answer
        try:
            self._take_census(state)
        except ApiError as error:
            found.acting = error
            return decision
        finally:
            self.censuses.release()
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
            state.decided, state.decided_at = decision, now
            state.decided_on = state.deployment.replicas if state.deployment else None
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
            state.trouble = state.looked_at = None
            return None
        now = self.clock.monotonic()
        if state.looked_at is None:
            state.looked_at = now  # not ready yet is no trouble: the first look comes later
        elif now - state.looked_at >= LOOK_AT_PODS_EVERY_SECONDS:
            state.looked_at = now
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


def _voice(pod: Pod, answer: BusyAnswer | None) -> Voice:
    running = pod.raw.get("status", {}).get("phase") == "Running"
    leaving = pod.terminating or (answer is not None and answer.draining)
    return Voice(terminating=leaving, running=running, tasks=answer.busy if answer else None)
