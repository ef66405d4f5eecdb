"""Whether those who consume a queue take no more than they should, and acknowledge. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.core.status import Condition

IN_ORDER = "ConsumersInOrder"
_NAMED = 3
_TAG_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One consumer, as the broker shows it. prefetch: 0 for any number of tasks."""

    tag: str
    peer: str  # the address it comes from: the pod's, where nothing is in between
    prefetch: int
    acknowledges: bool


def consumers_of(row: Mapping[str, Any]) -> Sequence[Consumer] | None:
    """Read the management API's row of a queue; None: it shows none (yet)."""
    rows = row.get("consumer_details")
    if not isinstance(rows, list) or not rows:
        return None
    return [
        Consumer(
            tag=str(each.get("consumer_tag", "?")),
            peer=str(each.get("channel_details", {}).get("peer_host", "?")),
            prefetch=int(each["prefetch_count"]),
            acknowledges=bool(each["ack_required"]),
        )
        for each in rows
        if "prefetch_count" in each and "ack_required" in each
    ]


def in_order(consumers: Sequence[Consumer], *, prefetch: int) -> Condition:
    """What is to be said of them. prefetch: spec.worker.prefetch."""
    early = [each for each in consumers if not each.acknowledges]
    if early:
        text = (
            f"{_names(early)}: tasks count as done as soon as they are delivered (automatic "
            f"acknowledgement), and one that is at work is lost with its worker. Consume with "
            f"acknowledgements, and send them after the work"
        )
        return _condition(IN_ORDER, "AcknowledgedEarly", text, status=False)
    greedy = [each for each in consumers if each.prefetch == 0 or each.prefetch > prefetch]
    if greedy:
        text = (
            f"{_names(greedy)}: more tasks are taken at a time than spec.worker.prefetch = "
            f"{prefetch}, and wait behind a busy worker while others are idle. Call basic.qos with "
            f"prefetch_count {prefetch} before consuming, or raise spec.worker.prefetch"
        )
        return _condition(IN_ORDER, "TakesTooMany", text, status=False)
    return _condition(
        IN_ORDER, "InOrder", f"each takes {prefetch} tasks at most, and acknowledges", status=True
    )


def not_shown(why: str) -> Condition:
    """Nobody can tell."""
    return _condition(IN_ORDER, "ConsumersNotShown", why, status=None)


def _names(consumers: Sequence[Consumer]) -> str:
    named = [
        f"consumer {each.tag[:_TAG_CHARACTERS]!r} at {each.peer} "
        f"(prefetch {each.prefetch or 'any'})"
        for each in consumers[:_NAMED]
    ]
    more = len(consumers) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _condition(kind: str, reason: str, message: str, *, status: bool | None) -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message)
