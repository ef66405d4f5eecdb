"""The controller: readings, watches and changes come in from many threads; steps go out by few."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.pending import Pending
from workqueue_operator.controller.registry import Registry
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.stepper import Stepper
from workqueue_operator.controller.watches import Target
from workqueue_operator.core.access import Access
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.errors import InvalidSpecError, WorkQueueError
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.status import NUMBERS_EVERY_SECONDS
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState
from workqueue_operator.telemetry import Telemetry

_log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
AFTER_BUG_SECONDS = 30.0


@dataclass(slots=True)
class Controller:
    """Owns the states of all WorkQueues and the threads that take their steps."""

    stepper: Stepper
    clock: Clock
    telemetry: Telemetry
    threads: int = 8
    pending: Pending = field(default_factory=Pending)
    registry: Registry = field(init=False)
    states: dict[str, ObjectState] = field(default_factory=dict)
    _early: dict[str, DeploymentState] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _pool: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = Registry(self.pending.add)

    def start(self) -> None:
        """Start taking steps. Before: the registry and the Deployments have been listed once."""
        for number in range(self.threads):
            thread = threading.Thread(target=self._run, name=f"step-{number}", daemon=True)
            thread.start()
            self._pool.append(thread)

    def stop(self) -> None:
        """End the steps under way, whole, and take no more."""
        self.pending.close()
        for thread in self._pool:
            thread.join(STOP_SECONDS / len(self._pool))

    def alive(self) -> bool:
        """Every step thread runs."""
        return all(thread.is_alive() for thread in self._pool)

    def observe(self, access: Access, readings: Mapping[str, Reading]) -> None:
        """One sweep has ended (a ports.ReadingSink; called in the monitor's thread).

        Decides for every queue of it; only those for which something follows get a step.
        """
        now = self.clock.monotonic()
        for name, reading in readings.items():
            target = (access, name)
            for uid in self.stepper.queueing.watches.wanted_by(target):
                self._observe_one(uid, target, reading, now)

    def observe_deployment(self, uid: str, live: DeploymentState | None) -> None:
        """A Deployment changed or is gone (a ports.DeploymentSink)."""
        with self._lock:
            state = self.states.get(uid)
            if state is None:
                self._early.pop(uid, None)
                if live is not None:
                    self._early[uid] = live
                return
        with state.lock:
            before = state.deployment
            state.learn_deployment(live, self.clock.monotonic())
        if before != live:
            self.pending.add(uid)

    def _observe_one(self, uid: str, target: Target, reading: Reading, now: float) -> None:
        state = self.states.get(uid)
        if state is None:
            return
        if target != state.target:
            self.stepper.finalizing.observe_dead(uid, reading)
            return
        with state.lock:
            first = state.reading is None
            state.reading = reading
            seen = state.seen(now)
            if seen is None:
                return
            learn(state.rules, seen, state.history, now=now)
            decision = decide(state.rules, seen, state.history, now=now)
            wants = first or self._calls_for_step(state, decision, now)
        if wants:
            self.pending.add(uid)

    def _calls_for_step(self, state: ObjectState, decision: Decision, now: float) -> bool:
        told = state.decided
        if told is None or decision.workers != state.wanted():
            return True
        if (decision.reason, decision.ask) != (told.reason, told.ask):
            return True
        return decision.message != told.message and now - state.status_at >= NUMBERS_EVERY_SECONDS

    def _run(self) -> None:
        while (uid := self.pending.take()) is not None:
            try:
                again = self._step(uid)
            except Exception:  # noqa: BLE001 - a bug in one step must not end all others' steps
                _log.exception("step of %s failed: a bug, please report it", uid)
                self.telemetry.step_failed("Bug")
                again = AFTER_BUG_SECONDS
            finally:
                self.pending.done(uid)
            if again is not None:
                self.pending.add(uid, again)
            for freed in self.stepper.queueing.take_freed():
                self.pending.add(freed)

    def _step(self, uid: str) -> float | None:
        state = self._state(uid)
        if state is None:
            return None
        with self.telemetry.step():
            try:
                return self.stepper.step(state)
            except WorkQueueError as error:
                _log.warning("step of %s: %s", state.wq.full_name, error)
                self.telemetry.step_failed(error.reason)
                return AFTER_BUG_SECONDS / 10

    def _state(self, uid: str) -> ObjectState | None:
        """The state with the newest body in it; None when the object is gone or unreadable."""
        body = self.registry.get(uid)
        if body is None:
            self._forget(uid)
            return None
        try:
            wq = WorkQueue.from_body(body)
        except InvalidSpecError as error:
            _log.warning("WorkQueue %s is ignored: %s", uid, error)
            return None
        with self._lock:
            state = self.states.get(uid)
            if state is None:
                state = self.states[uid] = ObjectState(wq=wq)
                state.learn_deployment(self._early.pop(uid, None), self.clock.monotonic())
                if "lastScaleTime" in wq.status:
                    # Who left before this process began may still finish a task.
                    state.last_shrink = self.clock.monotonic()
        with state.lock:
            state.wq = wq
        return state

    def _forget(self, uid: str) -> None:
        with self._lock:
            state = self.states.pop(uid, None)
            self._early.pop(uid, None)
        if state is None:
            return
        self.stepper.finalizing.release(state)
        self.stepper.acting.turns.give_back(uid)
        self.stepper.queueing.unclaim(uid)
