"""The status of a WorkQueue: conditions, numbers, last decision; and when to write it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.core.decision import Decision
from workqueue_operator.core.readings import Known

NUMBERS_EVERY_SECONDS = 30.0
NUMBERS_CHANGE = 0.2
WORDS_EVERY_SECONDS = 5.0
MESSAGE_LIMIT = 1024

Json = dict[str, Any]

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition before it has a time."""

    type: str
    status: bool | None  # None: Unknown
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a status says. reading: the last Known one, None: the backlog stays as it was."""

    generation: int
    conditions: Sequence[Condition]
    desired: int
    ready: int
    busy: int | None
    reading: Known | None
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
    backlog = previous.get("backlog") if report.reading is None else _backlog(report.reading)
    optional = {
        "backlog": backlog,
        "lastDecision": _decision(report.decision, previous, now),
        "lastScaleTime": report.scaled_at or previous.get("lastScaleTime"),
        "broker": {"address": report.broker} if report.broker else previous.get("broker"),
    }
    return status | {key: value for key, value in optional.items() if value is not None}


def _backlog(known: Known) -> Json:
    unacked = {} if known.unacked is None else {"unacked": known.unacked}
    return {"total": known.ready + (known.unacked or 0), "ready": known.ready} | unacked


def _decision(
    decision: Decision | None, previous: Mapping[str, Any], now: str
) -> Mapping[str, Any] | None:
    old: Mapping[str, Any] | None = previous.get("lastDecision")
    if decision is None:
        return old
    same = old is not None and old["reason"] == decision.reason
    time = old["time"] if old and same else now
    return {"reason": str(decision.reason), "message": decision.message, "time": time}


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """The merge patch that makes `old` into `new`: what is absent must be said to be null."""
    gone: Json = dict.fromkeys(old.keys() - new.keys())
    return gone | {key: _patch_of(old.get(key), value) for key, value in new.items()}


def _patch_of(old: object, new: object) -> object:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return merge_patch(old, new)
    return new


def write_after_seconds(old: Mapping[str, Any], new: Mapping[str, Any]) -> float | None:
    """How long after the last write `new` may be written; None when there is nothing to tell.

    What a user waits for is told at once: a step, workers ready, a condition that flips. A reason
    alone may wait a little, and numbers alone wait long and must have moved.
    """
    if old == new:
        return None
    if _urgent(old) != _urgent(new):
        return 0.0
    if _reasons(old) != _reasons(new):
        return WORDS_EVERY_SECONDS
    moved = _moved(_numbers(old), _numbers(new)) or _troubles(old) != _troubles(new)
    return NUMBERS_EVERY_SECONDS if moved else None


def _urgent(status: Mapping[str, Any]) -> object:
    workers = status.get("workers", {})
    desired, ready = workers.get("desired"), workers.get("ready")
    failing = [
        (each["type"], each["status"], each["reason"] if each["status"] == "False" else "")
        for each in status.get("conditions", ())
    ]
    return (
        desired,
        desired == ready,
        status.get("lastScaleTime"),
        status.get("observedGeneration"),
        status.get("broker"),
        failing,
    )


def _reasons(status: Mapping[str, Any]) -> object:
    """With the words of each trouble: the next thing to mend may have the same reason."""
    decided = status.get("lastDecision", {}).get("reason")
    reasons = [each["reason"] for each in status.get("conditions", ())]
    return decided, reasons, [_DIGITS.sub("0", trouble) for trouble in _troubles(status)]


def _troubles(status: Mapping[str, Any]) -> list[str]:
    conditions = status.get("conditions", ())
    return [each["message"] for each in conditions if each["status"] != "True"]


def _numbers(status: Mapping[str, Any]) -> dict[str, int]:
    backlog = status.get("backlog", {})
    workers = status.get("workers", {})
    return {
        **{f"b.{k}": v for k, v in backlog.items()},
        **{f"w.{k}": v for k, v in workers.items()},
    }


def _moved(old: Mapping[str, int], new: Mapping[str, int]) -> bool:
    """A fifth is a move; so is zero, and what becomes known or unknown: unknown is not zero."""
    return old.keys() != new.keys() or any(
        abs(new[key] - was) > NUMBERS_CHANGE * was or (new[key] == 0) != (was == 0)
        for key, was in old.items()
    )
