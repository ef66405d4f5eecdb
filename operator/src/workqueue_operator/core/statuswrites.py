"""When a status is worth a write: never for the same, at once for a step, rarely for numbers."""

import re
from collections.abc import Mapping
from typing import Any

from workqueue_operator.core.decision import Reason

NUMBERS_EVERY_SECONDS = 30.0
NUMBERS_CHANGE = 0.2
WORDS_EVERY_SECONDS = 5.0

_DIGITS = re.compile(r"\d+")


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
    decision = status.get("lastDecision", {})
    # Advice is a word of its own: nothing else shows that it has changed.
    decided = (decision.get("reason"), decision.get("workers") if _advises(decision) else None)
    reasons = [each["reason"] for each in status.get("conditions", ())]
    return decided, reasons, [_DIGITS.sub("0", trouble) for trouble in _troubles(status)]


def _advises(decision: Mapping[str, Any]) -> bool:
    return bool(decision.get("reason") == Reason.ADVISED)


def _troubles(status: Mapping[str, Any]) -> list[str]:
    conditions = status.get("conditions", ())
    return [each["message"] for each in conditions if each["status"] != "True"]


def _numbers(status: Mapping[str, Any]) -> dict[str, float]:
    """All but the counts of samples, which grow for ever and say nothing new."""
    learned = {k: v for k, v in status.get("learned", {}).items() if not k.endswith("Samples")}
    decided = {k: v for k, v in status.get("lastDecision", {}).items() if k == "workers"}
    parts = {"b": status.get("backlog", {}), "w": status.get("workers", {})}
    parts |= {"l": learned, "d": decided, "g": status.get("deadLetters", {})}
    return {f"{part}.{k}": v for part, numbers in parts.items() for k, v in numbers.items()}


def _moved(old: Mapping[str, float], new: Mapping[str, float]) -> bool:
    """A fifth is a move; so is zero, and what becomes known or unknown: unknown is not zero."""
    return old.keys() != new.keys() or any(
        abs(new[key] - was) > NUMBERS_CHANGE * was or (new[key] == 0) != (was == 0)
        for key, was in old.items()
    )
