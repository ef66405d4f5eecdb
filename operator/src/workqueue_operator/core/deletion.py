"""What to do about the queue of a WorkQueue that is being deleted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from workqueue_operator.core.errors import QueueMismatchError
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Known, Missing, Reading


class Verdict(Enum):
    """The next thing to do."""

    WAIT = "wait"
    DELETE = "delete"
    KEEP = "keep"
    LEAVE_BEHIND = "leave behind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One queue at one time. overdue: nothing has come of waiting for long enough."""

    reading: Reading | None
    zero_is_proven: bool
    overdue: bool


def why_kept(queue: Queue, status: Mapping[str, Any], *, declared: bool) -> str | None:
    """Why the queue is none of ours to delete, whatever the broker says; None: it is ours."""
    if queue.deletion_policy == "Retain":
        return f"queue {queue.name!r} is kept: deletionPolicy is Retain"
    if not declared:
        return f"this WorkQueue never had a queue {queue.name!r}: one of that name is left alone"
    found = status.get("conditions", ())
    if any(each["reason"] == QueueMismatchError.reason for each in found):
        return f"queue {queue.name!r} is not the one that was asked for, and is left alone"
    return None


def judge(
    policy: Literal["Retain", "DeleteIfEmpty", "Delete"], now: Standing
) -> tuple[Verdict, str]:
    """Choose, and say why. Called once the workers are gone.

    Never a task lost without being asked to: what is not surely empty is kept by DeleteIfEmpty.
    """
    reading = now.reading
    if policy == "Retain":
        return Verdict.KEEP, "deletionPolicy is Retain"
    if isinstance(reading, Missing):
        return Verdict.DELETE, "it is gone already"
    if not isinstance(reading, Known):
        why = reading.why if reading else "no reading yet"
        return (Verdict.LEAVE_BEHIND, why) if now.overdue else (Verdict.WAIT, why)
    if policy == "Delete":
        return Verdict.DELETE, f"deletionPolicy is Delete, with {reading.ready} tasks in it"
    return _if_empty(now, reading)


def _if_empty(now: Standing, reading: Known) -> tuple[Verdict, str]:
    if reading.ready:
        return Verdict.KEEP, f"it holds {reading.ready + (reading.unacked or 0)} tasks"
    if reading.consumers or reading.unacked:
        # The count in work is some seconds old: a worker that has just left may still be in it.
        consumers = f"{reading.consumers} consumers that are not ours are on it"
        why = consumers if reading.consumers else f"{reading.unacked} tasks are still in work"
        return (Verdict.KEEP, why) if now.overdue else (Verdict.WAIT, why)
    if not now.zero_is_proven:
        return Verdict.WAIT, "it must be seen empty several times"
    return Verdict.DELETE, "it is empty"
