"""The conditions of a WorkQueue, from what one step found."""

from collections.abc import Sequence
from dataclasses import dataclass

from workqueue_operator.core.decision import Decision, Reason
from workqueue_operator.core.errors import WorkQueueError
from workqueue_operator.core.pods import DEGRADING, Trouble
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown
from workqueue_operator.core.status import Condition


@dataclass(slots=True, kw_only=True)
class Findings:
    """What one step found, piece by piece; None: not found, or not looked for."""

    blocked: WorkQueueError | None = None  # before the broker: Secret, claim, spec
    refusal: Trouble | None = None  # why what the Secret says now is not used
    queue: WorkQueueError | None = None  # declaring it
    declared: bool = False
    reading: Reading | None = None
    decision: Decision | None = None
    acting: WorkQueueError | None = None  # the API server, or a Deployment that is not ours
    trouble: Trouble | None = None  # the pods
    dead_letters: Condition | None = None  # where they were counted
    upkeep: Sequence[Condition] = ()  # what is looked at now and then, where it was
    desired: int = 0
    ready: int = 0

    def errors(self) -> Sequence[WorkQueueError]:
        """What went wrong, in the order in which a user has to mend it."""
        return [each for each in (self.blocked, self.queue, self.acting) if each is not None]

    def problem(self) -> Trouble | None:
        """The first thing in the way, in the order in which a user has to mend them."""
        for error in (self.blocked, self.queue):
            if error is not None:
                return Trouble(reason=error.reason, message=str(error))
        unread = self.unread()
        if unread is not None:
            return unread
        if self.acting is not None:
            return Trouble(reason=self.acting.reason, message=str(self.acting))
        return self.trouble

    def unread(self) -> Trouble | None:
        """Why there is no count. A queue that was missing and is declared now has none yet."""
        reading = self.reading
        if isinstance(reading, Unknown):
            return Trouble(reason=reading.reason, message=reading.why)
        if isinstance(reading, Missing) and not self.declared:
            return Trouble(reason=Reason.QUEUE_MISSING, message=reading.why)
        return None


def conditions(found: Findings) -> Sequence[Condition]:
    """Ready, QueueReady, ScalingActive, ScalingLimited, WorkersAvailable, Degraded and
    CredentialsCurrent; and where they are known QueueInSync, PolicyInSync,
    ConsumersInOrder and DeadLetters.
    """
    number = [_scaling(found), _limited(found)]
    return [
        _ready(found),
        _queue(found),
        *number,
        _workers(found),
        _degraded(found),
        _current(found),
        *([] if found.dead_letters is None else [found.dead_letters]),
        *found.upkeep,
    ]


def _ready(found: Findings) -> Condition:
    problem = found.problem()
    if problem is not None:
        return _condition("Ready", problem.reason, _held(found, problem.message), status=False)
    if found.decision is None or not isinstance(found.reading, Known):
        return _condition("Ready", "Starting", "waiting for the broker's first word", status=None)
    return _condition("Ready", found.decision.reason, found.decision.message, status=True)


def _held(found: Findings, message: str) -> str:
    """In trouble people ask first what happens to their workers."""
    return f"{message} ({found.desired} workers are held)" if found.desired else message


def _queue(found: Findings) -> Condition:
    error = found.queue or found.blocked
    if error is not None:
        return _condition("QueueReady", error.reason, str(error), status=False)
    unread = found.unread()
    if unread is not None:
        return _condition("QueueReady", unread.reason, unread.message, status=None)
    if not found.declared:
        return _condition("QueueReady", "Starting", "not declared yet", status=None)
    return _condition("QueueReady", "Declared", "the queue is there as asked for", status=True)


def _scaling(found: Findings) -> Condition:
    decision = found.decision
    if decision is None:
        problem = found.problem() or Trouble(reason="Starting", message="no decision yet")
        return _condition("ScalingActive", problem.reason, problem.message, status=False)
    following = isinstance(found.reading, Known) and decision.reason not in _NOT_FOLLOWING
    return _condition("ScalingActive", decision.reason, decision.message, status=following)


_NOT_FOLLOWING = frozenset({Reason.HELD, Reason.FIXED, Reason.ADVISED})


def _limited(found: Findings) -> Condition:
    """True only while more workers are needed and would not help."""
    decision, trouble = found.decision, found.trouble
    if decision is not None and trouble is not None and decision.reason is Reason.SCALING_LIMITED:
        return _condition("ScalingLimited", trouble.reason, decision.message, status=True)
    text = "nothing keeps more workers from being asked for"
    return _condition("ScalingLimited", "NotLimited", text, status=False)


def _workers(found: Findings) -> Condition:
    if found.acting is not None:
        reason, message = found.acting.reason, str(found.acting)
        return _condition("WorkersAvailable", reason, message, status=False)
    if found.trouble is not None:
        return _condition(
            "WorkersAvailable", found.trouble.reason, found.trouble.message, status=False
        )
    count = f"{found.ready} of {found.desired} workers are ready"
    reason = "AllReady" if found.ready >= found.desired else "Starting"
    return _condition("WorkersAvailable", reason, count, status=True)


def _degraded(found: Findings) -> Condition:
    """True while workers run and do not do their work."""
    trouble = found.trouble
    if trouble is not None and trouble.reason in DEGRADING:
        return _condition("Degraded", trouble.reason, trouble.message, status=True)
    text = "no worker is known to crash, or to hand its tasks back"
    return _condition("Degraded", "NotDegraded", text, status=False)


def _current(found: Findings) -> Condition:
    """False while the broker is spoken to with what the Secret said before."""
    if found.refusal is not None:
        text = still_in_use(found.refusal)
        return _condition("CredentialsCurrent", "NewCredentialsRefused", text, status=False)
    if isinstance(found.reading, Known | Missing):
        text = "the broker is spoken to with what the Secret says"
        return _condition("CredentialsCurrent", "InUse", text, status=True)
    text = "the broker has not answered yet"
    return _condition("CredentialsCurrent", "Starting", text, status=None)


def still_in_use(refusal: Trouble) -> str:
    """What is wrong with a changed Secret, and what happens meanwhile."""
    return (
        f"what the Secret says now does not work ({refusal.reason}): {refusal.message}. Until it "
        f"does, the operator goes on with what it said before"
    )


def _condition(kind: str, reason: str, message: str, *, status: bool | None) -> Condition:
    return Condition(type=kind, status=status, reason=str(reason), message=message)
