"""Deletion of a WorkQueue: workers first, then the queue as the policy says, then the object."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock, parse_rfc3339
from workqueue_operator.controller.ending import Ending
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.removal import Removal
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.tending import Tending
from workqueue_operator.controller.watches import Target
from workqueue_operator.core.access import Access
from workqueue_operator.core.deletion import Standing, Verdict, judge, why_kept
from workqueue_operator.core.errors import (
    BrokerChangedError,
    BrokerError,
    QueueConflictError,
    WorkQueueError,
)
from workqueue_operator.core.readings import Known, Missing, Reading
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS, ZERO_PROOF_SECONDS
from workqueue_operator.core.workerpod import GRACE_MARGIN_SECONDS
from workqueue_operator.core.workqueue import FINALIZER
from workqueue_operator.ports import Cluster

LOOK_EVERY_SECONDS = 1.0


@dataclass(slots=True)
class Finalizing:
    """Holds the finalizer where the deletion policy needs one, and never for longer than that."""

    cluster: Cluster
    removal: Removal
    tending: Tending
    queueing: Queueing
    reporter: Reporter
    clock: Clock
    let_go_seconds: float
    """After so much silence of the broker the object goes, and the queue stays behind."""
    endings: dict[str, Ending] = field(default_factory=dict)

    def guard(self, state: ObjectState) -> None:
        """Put the finalizer on, or take it off, as the policy now is. Raises ApiError."""
        wq = state.wq
        needed = wq.queue.deletion_policy != "Retain"
        if needed and FINALIZER not in wq.finalizers:
            self._write(state, [*wq.finalizers, FINALIZER])
        elif not needed and FINALIZER in wq.finalizers:
            self._write(state, [each for each in wq.finalizers if each != FINALIZER])

    def step(self, state: ObjectState) -> float | None:
        """One step towards the end. Returns seconds until the next."""
        wq = state.wq
        self.reporter.tell_untold(state)
        if state.let_go or FINALIZER not in wq.finalizers:
            self.release(state)
            return None
        known = state.status or wq.status
        kept = why_kept(wq.queue, known, declared=state.declared is not None or "broker" in known)
        if kept is not None:
            return self._let_go(state, "QueueKept", kept)
        try:
            access = self.queueing.resolve(state)
        except (QueueConflictError, BrokerChangedError) as error:
            return self._let_go(state, "QueueKept", str(error))
        except WorkQueueError as error:
            # A namespace that is being deleted loses its Secret first: go on with what we had.
            if state.target is None:
                self._workers_are_gone(state)
                return self._wait_or_leave(state, str(error))
            access = state.target[0]
        access = self.queueing.watch(state, access)
        self.removal.watch_companions(wq, access, self._ending(state))
        return self._advance(state, access)

    def release(self, state: ObjectState) -> None:
        """Have nothing read any more for this WorkQueue."""
        ending = self.endings.pop(state.wq.uid, None)
        if ending is not None:
            self.removal.unwatch_companions(state.wq, ending)
        self.queueing.release(state)

    def observe_companion(self, uid: str, target: Target, reading: Reading) -> None:
        """A reading of a queue that goes with it, and is watched during the deletion only."""
        ending = self.endings.get(uid)
        companion = ending.companions.get(target[1]) if ending is not None else None
        if companion is not None and companion.target == target:
            companion.learn(reading)

    def _advance(self, state: ObjectState, access: Access) -> float | None:
        """Workers first, who finish their tasks; then the queue."""
        ending, now = self._ending(state), self.clock.monotonic()
        if isinstance(state.reading, Known | Missing):
            ending.heard_at = state.reading.at
        gone = self._workers_are_gone(state)
        if gone and ending.workers_gone_at is None:
            ending.workers_gone_at = now
        silent = not isinstance(state.reading, Known | Missing)
        if not gone and not (silent and self._overdue(state, ending.heard_at)):
            # A pod on a node that died ends no more: past its grace period nobody waits for it.
            grace = state.wq.worker.task_timeout_seconds + GRACE_MARGIN_SECONDS
            if self._deleting_for(state) < grace + self.let_go_seconds:
                return LOOK_EVERY_SECONDS
        return self._judge(state, access)

    def _judge(self, state: ObjectState, access: Access) -> float | None:
        wq, now = state.wq, self.clock.monotonic()
        proven = state.history.zero_is_proven(
            now=now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
        )
        reading, ending = state.reading, self._ending(state)
        heard = isinstance(reading, Known | Missing)
        overdue = self._overdue(state, ending.workers_gone_at if heard else ending.heard_at)
        standing = Standing(reading=reading, zero_is_proven=proven, overdue=overdue)
        verdict, why = judge(wq.queue.deletion_policy, standing)
        if verdict is Verdict.WAIT:
            return LOOK_EVERY_SECONDS if heard else self._wait(state, why)
        if verdict is Verdict.LEAVE_BEHIND:
            return self._leave_behind(state, why)
        if verdict is Verdict.KEEP:
            return self._let_go(state, "QueueKept", f"queue {wq.queue.name!r} is kept: {why}")
        return self._delete(state, access, why)

    def _delete(self, state: ObjectState, access: Access, why: str) -> float | None:
        wq, ending = state.wq, self._ending(state)
        overdue = self._overdue(state, ending.workers_gone_at)
        empty = self.removal.empty(ending, overdue=overdue)
        if empty is None:
            return LOOK_EVERY_SECONDS
        with self.queueing.declaring.slots.slot(access, wq.uid) as free:
            if not free:
                return LOOK_EVERY_SECONDS
            try:
                kept = self.removal.remove(access, wq.queue, empty=empty)
            except BrokerError as error:
                return self._wait_or_leave(state, str(error))
        if kept:
            return self._let_go(state, "QueueKept", f"kept, with what is in it: {', '.join(kept)}")
        left = self.tending.end(state, access)
        also = f"; {left} could not be deleted, and does no harm" if left else ""
        text = f"queue {wq.queue.name!r} is deleted: {why}{also}"
        return self._let_go(state, "QueueDeleted", text)

    def _workers_are_gone(self, state: ObjectState) -> bool:
        """Their tasks are finished first: SIGTERM lets them."""
        wq, live = state.wq, state.deployment
        if live is not None:
            self.cluster.delete_deployment(wq.namespace, wq.name, live.uid)
            return False
        return not self.cluster.list_pods(wq.namespace, wq.name)

    def _wait_or_leave(self, state: ObjectState, why: str) -> float | None:
        """The broker, or the way to it, is in trouble."""
        if self._overdue(state, self._ending(state).workers_gone_at):
            return self._leave_behind(state, why)
        return self._wait(state, why)

    def _wait(self, state: ObjectState, why: str) -> float:
        """Tell once why a deletion takes its time."""
        ending = self._ending(state)
        if not ending.told:
            ending.told = True
            text = f"the deletion waits for the broker, {self.let_go_seconds:.0f} s at most: {why}"
            self.reporter.event(state.wq, "Warning", "DeletionWaiting", text)
        return LOOK_EVERY_SECONDS

    def _leave_behind(self, state: ObjectState, why: str) -> float:
        text = (
            f"queue {state.wq.queue.name!r} is left behind on the broker, with what is in it: for "
            f"{self.let_go_seconds:.0f} s it could not be deleted ({why}). Delete it by hand if it "
            f"is not wanted"
        )
        return self._let_go(state, "QueueLeftBehind", text)

    def _let_go(self, state: ObjectState, reason: str, text: str) -> float:
        ending = self._ending(state)
        if not ending.farewell:  # else the finalizer was not taken off yet: somebody wrote first
            ending.farewell = True
            normal = reason == "QueueDeleted" or state.wq.queue.deletion_policy == "Retain"
            self.reporter.event(state.wq, "Normal" if normal else "Warning", reason, text)
        self._write(state, [each for each in state.wq.finalizers if each != FINALIZER])
        state.let_go = True
        self.release(state)
        return LOOK_EVERY_SECONDS

    def _write(self, state: ObjectState, finalizers: Sequence[str]) -> None:
        """With the resourceVersion: finalizers of others, added meanwhile, are not lost."""
        wq = state.wq
        version = {"resourceVersion": wq.resource_version, "finalizers": list(finalizers)}
        self.cluster.patch_workqueue(wq.namespace, wq.name, {"metadata": version})

    def _ending(self, state: ObjectState) -> Ending:
        now = self.clock.monotonic()
        return self.endings.setdefault(state.wq.uid, Ending(began_at=now))

    def _overdue(self, state: ObjectState, since: float | None) -> bool:
        """Too long since then (monotonic); None: since this process knows of the deletion.

        Not since the deletion itself: it may have been asked for while no operator ran, and then
        the broker has had no time to answer yet.
        """
        began = self._ending(state).began_at if since is None else since
        return self.clock.monotonic() - began >= self.let_go_seconds

    def _deleting_for(self, state: ObjectState) -> float:
        since = state.wq.deleted
        if since is None:
            return 0.0
        return (self.clock.now() - parse_rfc3339(since)).total_seconds()
