"""The broker's side of a step: whose queue it is, where it is, and that it is there."""

import threading
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.declaring import Declaring
from workqueue_operator.controller.secrets import AFTER_REFUSAL_SECONDS, READ_EVERY_SECONDS, Secrets
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.succession import REFUSED, is_useless
from workqueue_operator.controller.watches import Target, Watches
from workqueue_operator.core.access import Access
from workqueue_operator.core.claims import Claim, Claims
from workqueue_operator.core.errors import (
    BrokerChangedError,
    QueueConflictError,
    SecretError,
    SecretMissingError,
    VhostMismatchError,
    WorkQueueError,
)
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.readings import Reading, Unknown
from workqueue_operator.core.workqueue import ACCEPT_BROKER, WorkQueue

BLAMED_ON_SECRET = frozenset(
    {SecretError.reason, VhostMismatchError.reason, BrokerChangedError.reason}
)


@dataclass(slots=True)
class Queueing:
    """Resolves, claims, watches and declares the queue of a WorkQueue."""

    secrets: Secrets
    declaring: Declaring
    watches: Watches
    clock: Clock
    claims: Claims = field(default_factory=Claims)
    _freed: frozenset[str] = frozenset()
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
            state.succession.unusable = None
        except WorkQueueError as error:
            earlier = _earlier_access(state, error)
            if earlier is None:
                # Its queue stays its own while nobody can say where it is.
                self._claim(wq, {declared_on})
                raise
            access = earlier
            state.succession.unusable = Trouble(reason=error.reason, message=str(error))
        accepted = wq.annotations.get(ACCEPT_BROKER) == access.address
        changed = declared_on not in {None, access.address} and not accepted
        elder = self._claim(wq, {access.address, declared_on if changed else None})
        if elder is not None:
            raise QueueConflictError(elder[0], elder[1].full_name)
        if changed:
            raise BrokerChangedError(declared_on=str(declared_on), now_named=access.address)
        return access

    def look_again_seconds(self, state: ObjectState) -> float | None:
        """When the Secret, or the queue that is taken as declared, has to be looked at again."""
        look = self.secrets.look_again_seconds(state.wq.uid)
        if _is_refused(state):
            # Who looks after the Secret wakes the others: 10,000 need not look every 5 s.
            return READ_EVERY_SECONDS if look is None else AFTER_REFUSAL_SECONDS
        check_at, now = state.check_at, self.clock.monotonic()
        check = None if check_at is None or check_at <= now else check_at - now
        waits = (check, look)
        return min((wait for wait in waits if wait is not None), default=None)

    def watch(self, state: ObjectState, access: Access) -> Access:
        """Have the queue read; returns the access by which it is, and should be spoken to.

        Where only the credentials have changed, that is the old one until the new one has
        answered. Another address or name ends the reading of the old one first.
        """
        target = (access, state.wq.queue.name)
        if state.target == target:
            self._call_off(state)
        elif state.target is not None and _goes_on(state.target, target, state.reading):
            return self._try(state, state.target, target)
        else:
            self.release(state)
            self._take(state, target)
            self.declaring.trust(state, access)
            self.watches.add(state.wq.uid, target)
            self._count_dead(state)
        return access

    def release(self, state: ObjectState) -> None:
        """Have it read no more."""
        self._call_off(state)
        if state.target is not None:
            self._uncount_dead(state, state.target)
            self.watches.drop(state.wq.uid, state.target)
        with state.lock:
            state.target, state.reading = None, None

    def _try(self, state: ObjectState, old: Target, target: Target) -> Access:
        """Have the queue read by both accesses, until the new one has answered."""
        next_one = state.succession
        if next_one.target != target:
            self._call_off(state)
            with state.lock:
                next_one.begin(target)
            self.watches.add(state.wq.uid, target)
        if not next_one.has_answered() and not is_useless(state.reading):
            return old[0]
        with state.lock:
            state.target, state.reading = target, next_one.heard
            next_one.end()
        self._uncount_dead(state, old)
        self.watches.drop(state.wq.uid, old)
        self._count_dead(state)
        return target[0]

    def _call_off(self, state: ObjectState) -> None:
        """The Secret says what it said before, or something else again."""
        with state.lock:
            tried = state.succession.target
            state.succession.end()
        if tried is not None:
            self.watches.drop(state.wq.uid, tried)

    def _count_dead(self, state: ObjectState) -> None:
        name = state.wq.queue.dead_letter_name
        if name is not None and state.target is not None:
            self.watches.count(state.wq.uid, (state.target[0], name))

    def _uncount_dead(self, state: ObjectState, target: Target) -> None:
        name = state.wq.queue.dead_letter_name
        if name is not None:
            self.watches.uncount(state.wq.uid, (target[0], name))

    def _take(self, state: ObjectState, target: Target) -> None:
        with state.lock:
            state.target, state.reading = target, None

    def ensure(self, state: ObjectState, access: Access) -> bool:
        """See Declaring.ensure."""
        return self.declaring.ensure(state, access)

    def _claim(self, wq: WorkQueue, addresses: set[str | None]) -> tuple[str, Claim] | None:
        """Claim there the queue and those that go with it; returns who is older, and has one."""
        names = [wq.queue.name, *wq.queue.retry_queues]
        if wq.queue.dead_letter_name is not None:
            names.append(wq.queue.dead_letter_name)
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

        With them those that waited for the broker to have less to do, and those whose Secret has
        changed.
        """
        with self._lock:
            freed, self._freed = self._freed, frozenset()
        return freed | self.declaring.slots.take_called() | self.secrets.take_called()


def _is_refused(state: ObjectState) -> bool:
    """Whether somebody is likely to mend the Secret now."""
    if isinstance(state.reading, Unknown) and state.reading.reason in REFUSED:
        return True
    if state.succession.refusal(state.reading) is not None:
        return True
    return state.problem in BLAMED_ON_SECRET


def _earlier_access(state: ObjectState, error: WorkQueueError) -> Access | None:
    """The one in use, where the Secret is there and holds something that cannot be used.

    None where there is none that works, and where the Secret is gone: perhaps we shall not read.
    """
    broken = isinstance(error, SecretError) and not isinstance(error, SecretMissingError)
    if not broken or state.target is None or is_useless(state.reading):
        return None
    access, name = state.target
    same = (access.vhost, name) == (state.wq.broker.vhost, state.wq.queue.name)
    return access if same else None


def _goes_on(now: Target, then: Target, reading: Reading | None) -> bool:
    """Whether it is the same queue at the same place, for somebody else, and is being read."""
    (old, old_name), (new, name) = now, then
    return reading is not None and (old.address, old_name) == (new.address, name)
