"""What is remembered of every WorkQueue, and of Deployments whose WorkQueue is not known yet."""

import threading
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock, parse_rfc3339
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.crashing import remembered
from workqueue_operator.core.deadcount import DeadCount
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState


@dataclass(slots=True)
class States:
    """By uid. Any thread may use it."""

    clock: Clock
    by_uid: dict[str, ObjectState] = field(default_factory=dict)
    _early: dict[str, DeploymentState] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, wq: WorkQueue) -> ObjectState:
        """The state of this WorkQueue, made where there is none, with this in it."""
        with self._lock:
            state = self.by_uid.get(wq.uid)
            if state is None:
                state = self.by_uid[wq.uid] = self._new(wq)
        with state.lock:
            state.wq = wq
        return state

    def pop(self, uid: str) -> ObjectState | None:
        """Forget it."""
        with self._lock:
            self._early.pop(uid, None)
            return self.by_uid.pop(uid, None)

    def learn_deployment(self, uid: str, live: DeploymentState | None) -> bool:
        """Returns whether that is news to a WorkQueue that is known."""
        with self._lock:
            state = self.by_uid.get(uid)
            if state is None:
                self._early.pop(uid, None)
                if live is not None:
                    self._early[uid] = live
                return False
        with state.lock:
            before = state.deployment
            state.learn_deployment(live, self.clock.monotonic())
        return before != live

    def _new(self, wq: WorkQueue) -> ObjectState:
        now = self.clock.monotonic()
        state = ObjectState(wq=wq, awaited_since=now)
        state.learn_deployment(self._early.pop(wq.uid, None), now)
        scaled = wq.status.get("lastScaleTime")
        if scaled is not None:
            # Who left before this process began may still finish a task.
            state.last_shrink = now - (self.clock.now() - parse_rfc3339(scaled)).total_seconds()
        state.dead = DeadCount.from_status(wq.status)
        state.remember(remembered(wq.status))
        if wq.status:
            state.status_at = now  # else a restart would tell at once what could wait before it
        return state
