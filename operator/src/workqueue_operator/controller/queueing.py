"""The broker's side of a step: whose queue it is, where it is, and that it is there."""

import threading
from dataclasses import dataclass, field

from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.secrets import AFTER_REFUSAL_SECONDS, READ_EVERY_SECONDS, Secrets
from workqueue_operator.controller.slots import Slots
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.watches import Watches
from workqueue_operator.core.access import Access
from workqueue_operator.core.claims import Claim, Claims
from workqueue_operator.core.errors import (
    AuthenticationFailedError,
    BrokerChangedError,
    QueueConflictError,
    SecretError,
    VhostDeniedError,
    VhostMismatchError,
    WorkQueueError,
)
from workqueue_operator.core.readings import Known, Missing, Unknown
from workqueue_operator.core.workqueue import ACCEPT_BROKER, WorkQueue
from workqueue_operator.ports import Topology

REFUSED = frozenset({AuthenticationFailedError.reason, VhostDeniedError.reason})
BLAMED_ON_SECRET = frozenset(
    {SecretError.reason, VhostMismatchError.reason, BrokerChangedError.reason}
)


@dataclass(slots=True)
class Queueing:
    """Resolves, claims, watches and declares the queue of a WorkQueue."""

    secrets: Secrets
    topology: Topology
    watches: Watches
    reporter: Reporter
    claims: Claims = field(default_factory=Claims)
    _freed: frozenset[str] = frozenset()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    slots: Slots = field(default_factory=Slots)

    def resolve(self, state: ObjectState) -> Access:
        """The access of this WorkQueue, if its queue is its own.

        Raises:
            SecretError, ApiError: as Secrets.access.
            QueueConflictError: an older WorkQueue has the queue.
            BrokerChangedError: the Secret names another broker than status does.
        """
        wq = state.wq
        declared_on = wq.status.get("broker", {}).get("address")
        try:
            access = self.secrets.access(wq, refused=_is_refused(state))
        except WorkQueueError:
            # Its queue stays its own while nobody can say where it is.
            self._claim(wq, {declared_on})
            raise
        accepted = wq.annotations.get(ACCEPT_BROKER) == access.address
        changed = declared_on not in {None, access.address} and not accepted
        elder = self._claim(wq, {access.address, declared_on if changed else None})
        if elder is not None:
            raise QueueConflictError(elder[0], elder[1].full_name)
        if changed:
            raise BrokerChangedError(declared_on=str(declared_on), now_named=access.address)
        return access

    def look_again_seconds(self, state: ObjectState) -> float:
        """When the Secret may have changed: nobody tells of it."""
        return AFTER_REFUSAL_SECONDS if _is_refused(state) else READ_EVERY_SECONDS

    def watch(self, state: ObjectState, access: Access) -> None:
        """Have the queue read; a changed access or name ends the reading of the old one first."""
        target = (access, state.wq.queue.name)
        if state.target == target:
            return
        self.release(state)
        with state.lock:
            state.target, state.reading = target, None
        self.watches.add(state.wq.uid, target)

    def release(self, state: ObjectState) -> None:
        """Have it read no more."""
        if state.target is not None:
            self.watches.drop(state.wq.uid, state.target)
        with state.lock:
            state.target, state.reading = None, None

    def ensure(self, state: ObjectState, access: Access) -> bool:
        """Declare the queue where that was not done yet, or where it has vanished.

        Asks the broker only after it has answered a reading: a silent broker holds up no thread.
        Returns False when it is not declared and cannot be now: the broker has not answered, or
        has enough to do with others (then this WorkQueue is called when it is its turn).

        Raises:
            QueueError, BrokerError: what the broker said.
        """
        wq, reading = state.wq, state.reading
        wanted = (access.address, wq.queue)
        if state.declared == wanted and not isinstance(reading, Missing):
            return True
        if not isinstance(reading, Known | Missing):
            return state.declared == wanted
        with self.slots.slot(access, wq.uid) as free:
            if not free:
                return False
            created = self.topology.ensure(access, wq.queue)
        self._tell(state, access, created=created)
        state.declared = wanted
        if created:
            with state.lock:
                state.reading = None  # "missing" is no news any more; the next sweep counts
        return True

    def _tell(self, state: ObjectState, access: Access, *, created: bool) -> None:
        wq = state.wq
        place = f"queue {wq.queue.name!r} on {access.address}"
        if not created:
            return
        if access.address != _declared_on(state):
            text = f"declared {place}: durable, {wq.queue.type}"
            self.reporter.event(wq, "Normal", "QueueDeclared", text)
            return
        text = f"{place} was gone and is declared anew; tasks that were in it are lost with it"
        self.reporter.event(wq, "Warning", "QueueRecreated", text)

    def _claim(self, wq: WorkQueue, addresses: set[str | None]) -> tuple[str, Claim] | None:
        """Claim the queue and its dead letters there; returns who is older, and has one of them."""
        names = [name for name in (wq.queue.name, wq.queue.dead_letter_name) if name is not None]
        keys = [(where, name) for where in addresses if where is not None for name in names]
        claim = Claim(created=wq.created, uid=wq.uid, full_name=wq.full_name)
        with self._lock:
            self._freed |= self.claims.put(claim, keys)
            return self.claims.elder(wq.uid)

    def unclaim(self, uid: str) -> None:
        """Give the queue up, and what was kept for this WorkQueue."""
        self.secrets.forget(uid)
        with self._lock:
            self._freed |= self.claims.drop(uid)

    def take_freed(self) -> frozenset[str]:
        """The uids of those that waited for a queue which nobody older claims any more.

        With them those that waited for the broker to have less to do.
        """
        with self._lock:
            freed, self._freed = self._freed, frozenset()
        return freed | self.slots.take_called()


def _is_refused(state: ObjectState) -> bool:
    """Whether somebody is likely to mend the Secret now."""
    if isinstance(state.reading, Unknown) and state.reading.reason in REFUSED:
        return True
    return state.problem in BLAMED_ON_SECRET


def _declared_on(state: ObjectState) -> str | None:
    """The broker that had the queue before, as this process or one before it knows."""
    if state.declared is not None:
        return state.declared[0]
    address: str | None = state.wq.status.get("broker", {}).get("address")
    return address
