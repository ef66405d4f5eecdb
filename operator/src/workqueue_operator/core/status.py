"""The status of a WorkQueue: conditions, numbers, last decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.core.decision import Decision
from workqueue_operator.core.readings import Known

MESSAGE_LIMIT = 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition before it has a time."""

    type: str
    status: bool | None  # None: Unknown
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a status says.

    reading: the last Known one, None: the backlog stays as it was. unacked_at_most: where nobody
    counts the tasks in work. dead_letters: None while unknown. learned: as in the schema, None:
    nothing is learned.
    """

    generation: int
    conditions: Sequence[Condition]
    desired: int
    ready: int
    busy: int | None
    reading: Known | None
    unacked_at_most: int | None = None
    dead_letters: int | None = None
    learned: Json | None = None
    decision: Decision | None
    scaled_at: str | None
    selector: str
    queue: str
    broker: str | None


def with_condition(
    conditions: Sequence[Mapping[str, Any]], new: Condition, *, generation: int, now: str
) -> list[Mapping[str, Any]]:
    """Put `new` in the place of the condition of its type. now: RFC 3339.

    lastTransitionTime moves only when the status flips: it measures how long a state has lasted.
    """
    old = next((each for each in conditions if each["type"] == new.type), None)
    status = {True: "True", False: "False", None: "Unknown"}[new.status]
    same = old is not None and old["status"] == status
    entry = {
        "type": new.type,
        "status": status,
        "reason": new.reason,
        "message": new.message[:MESSAGE_LIMIT],
        "observedGeneration": generation,
        "lastTransitionTime": old["lastTransitionTime"] if old and same else now,
    }
    others = [each for each in conditions if each["type"] != new.type]
    return sorted([*others, entry], key=lambda each: str(each["type"]))


def render(report: Report, previous: Mapping[str, Any], *, now: str) -> Json:
    """The whole status, with what is unknown now kept from `previous`. now: RFC 3339."""
    conditions = list(previous.get("conditions", ()))
    for condition in report.conditions:
        conditions = with_condition(conditions, condition, generation=report.generation, now=now)
    workers = {"desired": report.desired, "ready": report.ready}
    if report.busy is not None:
        workers["busy"] = report.busy
    status: Json = {
        "observedGeneration": report.generation,
        "conditions": conditions,
        "workers": workers,
        "selector": report.selector,
        "queue": {"name": report.queue},
    }
    known = report.reading
    backlog = previous.get("backlog")
    if known is not None:
        backlog = _backlog(known, report.unacked_at_most)
    optional = {
        "backlog": backlog,
        "deadLetters": None if report.dead_letters is None else {"total": report.dead_letters},
        "learned": report.learned,
        "lastDecision": _decision(report.decision, previous, now),
        "lastScaleTime": report.scaled_at or previous.get("lastScaleTime"),
        "broker": {"address": report.broker} if report.broker else previous.get("broker"),
    }
    return status | {key: value for key, value in optional.items() if value is not None}


def _backlog(known: Known, at_most: int | None) -> Json:
    backlog: Json = {"total": known.ready + (known.unacked or 0), "ready": known.ready}
    if known.unacked is not None:
        backlog["unacked"] = known.unacked
    elif at_most is not None:
        backlog["unackedAtMost"] = at_most
    return backlog


def _decision(
    decision: Decision | None, previous: Mapping[str, Any], now: str
) -> Mapping[str, Any] | None:
    old: Mapping[str, Any] | None = previous.get("lastDecision")
    if decision is None:
        return old
    same = old is not None and old["reason"] == decision.reason
    time = old["time"] if old and same else now
    return {
        "reason": str(decision.reason),
        "message": decision.message,
        "workers": decision.workers if decision.advised is None else decision.advised,
        "time": time,
    }


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """The merge patch that makes `old` into `new`: what is absent must be said to be null."""
    gone: Json = dict.fromkeys(old.keys() - new.keys())
    return gone | {key: _patch_of(old.get(key), value) for key, value in new.items()}


def _patch_of(old: object, new: object) -> object:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return merge_patch(old, new)
    return new
