"""The controller: readings, watches and changes come in from many threads; steps go out by few."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock, parse_rfc3339
from workqueue_operator.controller.intake import take_in
from workqueue_operator.controller.pending import Pending
from workqueue_operator.controller.registry import Registry
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.stepper import Stepper
from workqueue_operator.controller.watches import Target
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import InvalidSpecError, WorkQueueError
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState
from workqueue_operator.telemetry import Telemetry

_log = logging.getLogger(__name__)

STOP_SECONDS = 2.5
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
        try:
            with state.lock:
                if target != state.target:
                    self.stepper.finalizing.observe_dead(uid, target, reading)
                    return
                wants = take_in(state, reading, now)
        except Exception:  # noqa: BLE001 - a bug with one queue must not end the reading of others
            if now >= state.quiet_until:
                self._bug(uid)
            return
        if wants:
            self.pending.add(uid)

    def _bug(self, uid: str) -> float:
        """Log the exception at hand. Returns seconds until the next try."""
        _log.exception("WorkQueue %s: a bug, please report it", uid)
        self.telemetry.step_failed("Bug")
        state = self.states.get(uid)
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
                return self.stepper.failed(state)

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
                state.last_shrink = self._scaled_before(wq)
        with state.lock:
            state.wq = wq
        return state

    def _scaled_before(self, wq: WorkQueue) -> float | None:
        """Who left before this process began may still finish a task. Monotonic seconds."""
        scaled = wq.status.get("lastScaleTime")
        if scaled is None:
            return None
        age = self.clock.now() - parse_rfc3339(scaled)
        return self.clock.monotonic() - age.total_seconds()

    def _forget(self, uid: str) -> None:
        with self._lock:
            state = self.states.pop(uid, None)
            self._early.pop(uid, None)
        if state is None:
            return
        self.stepper.finalizing.release(state)
        self.stepper.acting.turns.give_back(uid)
        self.stepper.queueing.unclaim(uid)
