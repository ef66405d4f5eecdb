"""Deletion of a WorkQueue: workers first, then the queue as the policy says, then the object."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock, parse_rfc3339
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.watches import Watches
from workqueue_operator.core.access import Access
from workqueue_operator.core.deletion import LET_GO_SECONDS, Standing, Verdict, judge
from workqueue_operator.core.errors import (
    BrokerChangedError,
    BrokerError,
    QueueConflictError,
    WorkQueueError,
)
from workqueue_operator.core.history import History
from workqueue_operator.core.policy import ZERO_PROOF_READINGS, ZERO_PROOF_SECONDS
from workqueue_operator.core.readings import Known, Missing, Reading
from workqueue_operator.core.workqueue import FINALIZER
from workqueue_operator.ports import Cluster, Topology

LOOK_EVERY_SECONDS = 1.0


@dataclass(slots=True)
class Finalizing:
    """Holds the finalizer where the deletion policy needs one, and never for longer than that."""

    cluster: Cluster
    topology: Topology
    watches: Watches
    queueing: Queueing
    reporter: Reporter
    clock: Clock
    dead: dict[str, "DeadLetters"] = field(default_factory=dict)

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
        if state.let_go or FINALIZER not in wq.finalizers:
            self.release(state)
            return None
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
        self.queueing.watch(state, access)
        silent = not isinstance(state.reading, Known | Missing)
        overdue = self._deleting_for(state) >= LET_GO_SECONDS
        if not self._workers_are_gone(state) and not (silent and overdue):
            return LOOK_EVERY_SECONDS
        return self._judge(state, access)

    def release(self, state: ObjectState) -> None:
        """Have nothing read any more for this WorkQueue."""
        dead = self.dead.pop(state.wq.uid, None)
        if dead is not None:
            self.watches.drop(state.wq.uid, (dead.access, dead.name))
        self.queueing.release(state)

    def observe_dead(self, uid: str, reading: Reading) -> None:
        """A reading of the dead-letter queue, which is watched during the deletion only."""
        if uid in self.dead:
            self.dead[uid].learn(reading)

    def _judge(self, state: ObjectState, access: Access) -> float | None:
        wq, now = state.wq, self.clock.monotonic()
        proven = state.history.zero_is_proven(
            now=now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
        )
        standing = Standing(
            reading=state.reading,
            zero_is_proven=proven,
            deleting_for_seconds=self._deleting_for(state),
        )
        verdict, why = judge(wq.queue.deletion_policy, standing)
        if verdict is Verdict.WAIT:
            return LOOK_EVERY_SECONDS
        if verdict is Verdict.LEAVE_BEHIND:
            return self._let_go(state, "QueueLeftBehind", _left_behind(wq.queue.name, why))
        if verdict is Verdict.KEEP:
            return self._let_go(state, "QueueKept", f"queue {wq.queue.name!r} is kept: {why}")
        return self._delete(state, access, why)

    def _delete(self, state: ObjectState, access: Access, why: str) -> float | None:
        queue = state.wq.queue
        if_empty = queue.deletion_policy == "DeleteIfEmpty"
        names = [queue.name, *([queue.dead_letter_name] if queue.dead_letter_name else [])]
        try:
            gone = [self._delete_one(state, access, name, if_empty=if_empty) for name in names]
        except BrokerError as error:
            return self._wait_or_leave(state, str(error))
        if None in gone:
            return LOOK_EVERY_SECONDS
        kept = [name for name, deleted in zip(names, gone, strict=True) if not deleted]
        if kept:
            text = f"not empty, and so kept: {', '.join(kept)}"
            return self._let_go(state, "QueueKept", text)
        return self._let_go(state, "QueueDeleted", f"queue {queue.name!r} is deleted: {why}")

    def _delete_one(
        self, state: ObjectState, access: Access, name: str, *, if_empty: bool
    ) -> bool | None:
        """True: deleted; False: kept, not empty; None: not known yet."""
        if if_empty and name != state.wq.queue.name:
            dead = self.dead.get(state.wq.uid)
            if dead is None:
                self.dead[state.wq.uid] = DeadLetters(access=access, name=name)
                self.watches.add(state.wq.uid, (access, name))
                return None
            empty = dead.is_empty(self.clock.monotonic())
            if empty is None and self._deleting_for(state) >= LET_GO_SECONDS:
                return False
            if not empty:
                return empty
        return self.topology.delete(
            access, name, if_empty=if_empty and state.wq.queue.type == "Classic"
        )

    def _workers_are_gone(self, state: ObjectState) -> bool:
        """Their tasks are finished first: SIGTERM lets them."""
        wq, live = state.wq, state.deployment
        if live is not None:
            self.cluster.delete_deployment(wq.namespace, wq.name, live.uid)
            return False
        return not self.cluster.list_pods(wq.namespace, wq.name)

    def _wait_or_leave(self, state: ObjectState, why: str) -> float | None:
        if self._deleting_for(state) < LET_GO_SECONDS:
            return LOOK_EVERY_SECONDS
        text = _left_behind(state.wq.queue.name, why)
        return self._let_go(state, "QueueLeftBehind", text)

    def _let_go(self, state: ObjectState, reason: str, text: str) -> float:
        self.release(state)
        normal = reason == "QueueDeleted"
        self.reporter.event(state.wq, "Normal" if normal else "Warning", reason, text)
        self._write(state, [each for each in state.wq.finalizers if each != FINALIZER])
        state.let_go = True
        return LOOK_EVERY_SECONDS

    def _write(self, state: ObjectState, finalizers: Sequence[str]) -> None:
        """With the resourceVersion: finalizers of others, added meanwhile, are not lost."""
        wq = state.wq
        version = {"resourceVersion": wq.resource_version, "finalizers": list(finalizers)}
        self.cluster.patch_workqueue(wq.namespace, wq.name, {"metadata": version})

    def _deleting_for(self, state: ObjectState) -> float:
        since = state.wq.deleted
        if since is None:
            return 0.0
        return (self.clock.now() - parse_rfc3339(since)).total_seconds()


@dataclass(slots=True)
class DeadLetters:
    """What was read of a dead-letter queue during a deletion."""

    access: Access
    name: str
    history: History = field(default_factory=History)
    reading: Reading | None = None

    def learn(self, reading: Reading) -> None:
        """One more reading."""
        self.reading = reading
        if isinstance(reading, Known):
            empty = reading.ready == 0
            self.history.learn(0, empty=empty, now=reading.at, window_seconds=ZERO_PROOF_SECONDS)
        else:
            self.history.break_off()

    def is_empty(self, now: float) -> bool | None:
        """True when surely empty, False when surely not, None when that is not known yet."""
        if isinstance(self.reading, Missing):
            return True
        if isinstance(self.reading, Known) and self.reading.ready:
            return False
        proven = self.history.zero_is_proven(
            now=now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
        )
        return True if proven else None


def _left_behind(name: str, why: str) -> str:
    return (
        f"the broker did not answer for {LET_GO_SECONDS:.0f} s ({why}); queue {name!r} is left "
        f"behind there, with what is in it: delete it by hand if it is not wanted"
    )
