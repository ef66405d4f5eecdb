"""The controller: readings, watches and changes come in from many threads; steps go out by few."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.intake import is_at_rest, take_in
from workqueue_operator.controller.pending import Pending, Urgency
from workqueue_operator.controller.refusing import Refusing
from workqueue_operator.controller.registry import Body, Registry
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.states import States
from workqueue_operator.controller.stepper import Stepper
from workqueue_operator.controller.watches import NOBODY, Target
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import ApiError, InvalidSpecError, WorkQueueError
from workqueue_operator.core.readings import Missing, Reading
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState
from workqueue_operator.telemetry import Telemetry

_log = logging.getLogger(__name__)

STOP_SECONDS = 2.5
AFTER_BUG_SECONDS = 30.0
TELL_AGAIN_SECONDS = 10.0


@dataclass(slots=True)
class Controller:
    """Owns the states of all WorkQueues and the threads that take their steps."""

    stepper: Stepper
    refusing: Refusing
    clock: Clock
    telemetry: Telemetry
    threads: int = 8
    pending: Pending = field(default_factory=Pending)
    registry: Registry = field(init=False)
    states: States = field(init=False)
    _pool: list[threading.Thread] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)  # uids of those that cannot be read

    def __post_init__(self) -> None:
        self.registry = Registry(self.pending.add)
        self.states = States(self.clock)

    def start(self) -> None:
        """Start taking steps. Before: the registry and the Deployments have been listed once."""
        self.stepper.acting.turns.open()
        for number in range(self.threads):
            thread = threading.Thread(target=self._run, name=f"step-{number}", daemon=True)
            thread.start()
            self._pool.append(thread)

    def stop(self) -> None:
        """End the steps under way, whole, and take no more."""
        self.pending.close()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._pool:
            thread.join(max(0.0, end - time.monotonic()))

    def alive(self) -> bool:
        """Every step thread runs."""
        return all(thread.is_alive() for thread in self._pool)

    def decided_for_all(self) -> bool:
        """Every WorkQueue has had its first decision, or a trouble that stands in its way."""
        found = (self.states.by_uid.get(uid) for uid in self.registry.uids() - self._refused)
        return all(state is not None and _is_seen_to(state) for state in found)

    def observe(self, access: Access, readings: Mapping[str, Reading]) -> None:
        """One sweep has ended (a ports.ReadingSink; called in the monitor's thread).

        Decides for every queue of it; only those for which something follows get a step.
        """
        now, states = self.clock.monotonic(), self.states.by_uid
        wanted = self.stepper.queueing.watches.of(access)
        counted = self.stepper.queueing.watches.counted(access)
        for name, reading in readings.items():
            if name in counted:
                self._observe_dead(counted.get(name), reading, now)
            for uid in wanted.get(name, NOBODY):
                state = states.get(uid)
                if state is None:
                    continue
                with state.lock:
                    resting = is_at_rest(state, access, reading, now)
                if not resting:
                    self._observe_one(state, (access, name), reading, now)

    def observe_deployment(self, uid: str, live: DeploymentState | None) -> None:
        """A Deployment changed or is gone (a ports.DeploymentSink)."""
        if self.states.learn_deployment(uid, live):
            self.pending.add(uid)

    def _observe_dead(self, uid: str | None, reading: Reading, now: float) -> None:
        """The dead letters of one WorkQueue were counted."""
        state = self.states.by_uid.get(uid or "")
        if state is None or state.wq.deleted is not None or now < state.quiet_until:
            return
        with state.lock:
            news = state.dead.learn(reading, now)
            if isinstance(reading, Missing):
                state.declared = None
        if news:
            self.pending.add(state.wq.uid, urgency=Urgency.TELLING)

    def _observe_one(
        self, state: ObjectState, target: Target, reading: Reading, now: float
    ) -> None:
        uid = state.wq.uid
        try:
            with state.lock:
                if target == state.succession.target:
                    urgency = Urgency.USUAL if state.succession.hear(reading) else None
                elif target != state.target:
                    self.stepper.finalizing.observe_companion(uid, target, reading)
                    return
                else:
                    urgency = take_in(state, target[0], reading, now)
        except Exception:  # noqa: BLE001 - a bug with one queue must not end the reading of others
            if now >= state.quiet_until:
                self._bug(uid)
            return
        if urgency is not None:
            self.pending.add(uid, urgency=urgency)

    def _bug(self, uid: str) -> float:
        """Log the exception at hand. Returns seconds until the next try."""
        _log.exception("WorkQueue %s: a bug, please report it", uid)
        self.telemetry.step_failed("Bug")
        state = self.states.by_uid.get(uid)
        if state is not None:
            state.quiet_until = self.clock.monotonic() + AFTER_BUG_SECONDS
        return AFTER_BUG_SECONDS

    def _run(self) -> None:
        while (uid := self.pending.take()) is not None:
            try:
                again = self._step(uid)
            except Exception:  # noqa: BLE001 - a bug in one step must not end all others' steps
                again = self._bug(uid)
            finally:
                self.pending.done(uid)
            self._follow(uid, again)

    def _follow(self, uid: str, again: float | None) -> None:
        """Who wants a step after this one."""
        if again is not None:
            self.pending.add(uid, again)
        state = self.states.by_uid.get(uid)
        if state is not None and state.silent_since is not None:
            self.pending.add(uid, urgency=Urgency.TELLING)
        turns = self.stepper.acting.turns
        turns.pass_on(uid)
        for called in (*self.stepper.queueing.take_freed(), *turns.take_called()):
            self.pending.add(called)

    def _step(self, uid: str) -> float | None:
        body = self.registry.get(uid)
        if body is None:
            self._forget(uid)
            return None
        try:
            state = self.states.put(WorkQueue.from_body(body))
        except InvalidSpecError as error:
            return self._refuse(uid, body, error)
        self._refused.discard(uid)
        with self.telemetry.step():
            try:
                return self.stepper.step(state)
            except WorkQueueError as error:
                _log.warning("step of %s: %s", state.wq.full_name, error)
                self.telemetry.step_failed(error.reason)
                return self.stepper.failed(state, [error])

    def _refuse(self, uid: str, body: Body, error: InvalidSpecError) -> float | None:
        """What cannot be read is not acted on: its workers stay, and nobody reads its queue."""
        self._refused.add(uid)
        state = self.states.by_uid.get(uid)
        if state is not None:
            self.stepper.queueing.release(state)
            state.problem, state.knows_problem = error.reason, True
            state.status = {}  # another hand writes it now
        self.telemetry.step_failed(error.reason)
        try:
            self.refusing.step(body, error)
        except ApiError as refused:
            _log.warning("telling that WorkQueue %s is invalid: %s", uid, refused)
            return TELL_AGAIN_SECONDS
        return None

    def _forget(self, uid: str) -> None:
        self._refused.discard(uid)
        state = self.states.pop(uid)
        if state is None:
            return
        self.stepper.finalizing.release(state)
        self.stepper.acting.turns.give_back(uid)
        self.stepper.queueing.unclaim(uid)


def _is_seen_to(state: ObjectState) -> bool:
    """A step came to an end, with a decision or with what stands in its way."""
    return state.decided is not None or state.failures > 0 or state.wq.deleted is not None
