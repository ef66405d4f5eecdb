"""What is looked after rarely: the queue's policy, and whether the broker has what is asked for."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.spread import Spread
from workqueue_operator.controller.state import ObjectState, Tended
from workqueue_operator.core.access import Access
from workqueue_operator.core.status import Condition
from workqueue_operator.core.upkeep import (
    IN_SYNC,
    POLICY,
    Action,
    ManagementError,
    definition,
    drift,
    judge,
    policy_body,
    policy_name,
    refused,
    unseen,
    without_management,
)
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import Upkeep

FIRST_SECONDS = 3.0
APART_SECONDS = 0.1
"""10,000 WorkQueues that come at once, as after a restart, are looked at within 17 minutes."""
EVERY_SECONDS = 3600.0
AFTER_TROUBLE_SECONDS = 60.0
BUSY_SECONDS = 1.0
AT_ONCE = 2
"""An API that does not answer holds no more threads than this. Who comes meanwhile has a later
turn: 10,000 that tried again each second would leave time for nothing else."""


def _spread(after_seconds: float) -> Spread:
    return Spread(after_seconds=after_seconds, apart_seconds=APART_SECONDS)


@dataclass(slots=True)
class Tending:
    """Compares and writes, for one WorkQueue at a time."""

    upkeep: Upkeep
    clock: Clock
    _first: Spread = field(default_factory=lambda: _spread(FIRST_SECONDS))
    _crowded: Spread = field(default_factory=lambda: _spread(BUSY_SECONDS))
    _failed: Spread = field(default_factory=lambda: _spread(AFTER_TROUBLE_SECONDS))
    _asking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def tend(self, state: ObjectState, access: Access) -> tuple[Sequence[Condition], float | None]:
        """The conditions as last looked at, and seconds until it is due again.

        The queue is declared. Expected trouble is told in the conditions.
        """
        wq = state.wq
        wanted = definition(wq.queue, task_timeout_seconds=wq.worker.task_timeout_seconds)
        if access.management_uri is None:
            return _blind(state, wanted), None
        now = self.clock.monotonic()
        tended = state.tended
        what = (access, wq.queue, tuple(wanted.items()))
        if tended is None or tended.what != what:
            # What a user asks for is done at once; what nobody waits for has its turn.
            urgent = bool(wanted) and not _told(state, POLICY)
            urgent = urgent or tended is not None
            due = now if urgent else self._first.next(now)
            state.tended = tended = Tended(what, due)
        if now < tended.due:
            return tended.said, tended.due - now
        if not self._asking.acquire(blocking=False):
            due = self._crowded.next(now)
            state.tended = replace(tended, due=due)
            return tended.said, due - now
        try:
            said, good = self._look(state, access, wanted)
        finally:
            self._asking.release()
        due = now + EVERY_SECONDS if good else self._failed.next(now)
        state.tended = Tended(what, due, said)
        return said, due - now

    def end(self, state: ObjectState, access: Access) -> str | None:
        """The queue is deleted: take its policy away. Returns what is left behind, if anything."""
        if access.management_uri is None or _told(state, POLICY) != "PolicyWritten":
            return None
        name = policy_name(state.wq.queue.name)
        try:
            self.upkeep.remove_policy(access, name)
        except ManagementError:
            return f"policy {name}"
        return None

    def _look(
        self, state: ObjectState, access: Access, wanted: Mapping[str, int]
    ) -> tuple[Sequence[Condition], bool]:
        """Both conditions, and whether the API said what was needed."""
        wq = state.wq
        try:
            found = self.upkeep.arguments(access, wq.queue.name)
        except ManagementError as error:
            return [unseen(str(error))], False
        if found is None:
            return [], False  # it was deleted at this moment, and the readings tell
        synced = drift(wq.queue, found)
        if not wanted and not _told(state, POLICY):
            return [synced], True  # the policies of others are nobody's business then
        said, good = self._keep_policy(wq, access, wanted)
        return [synced, said], good

    def _keep_policy(
        self, wq: WorkQueue, access: Access, wanted: Mapping[str, int]
    ) -> tuple[Condition, bool]:
        name = wq.queue.name
        try:
            action, said = judge(wq.queue, wanted, self.upkeep.policies(access))
            if action is Action.WRITE:
                self.upkeep.write_policy(access, policy_name(name), policy_body(name, wanted))
            elif action is Action.REMOVE:
                self.upkeep.remove_policy(access, policy_name(name))
        except ManagementError as error:
            return refused(wanted, error.status, str(error)), False
        return said, True


def _blind(state: ObjectState, wanted: Mapping[str, int]) -> Sequence[Condition]:
    """Without a management address only that can be said which was asked for."""
    said = [each for each in (without_management(wanted),) if each is not None]
    if state.wq.queue.own_arguments or _told(state, IN_SYNC):
        said.append(unseen("what the broker has made of it is told by its management API only"))
    return said


def _told(state: ObjectState, kind: str) -> str | None:
    """The reason that was told last, by this process or one before it."""
    now = state.tended.said if state.tended else ()
    before = (state.status or state.wq.status).get("conditions", ())
    said = [each.reason for each in now if each.type == kind]
    said += [str(each["reason"]) for each in before if each["type"] == kind]
    return next(iter(said), None)
