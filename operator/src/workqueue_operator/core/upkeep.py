"""What may change after a queue's declaration, and whether the broker has what is asked for. Pure.

RabbitMQ applies one policy to a queue, the one with the highest priority: a policy of ours beside
one of the user's would take the other out of force, without a word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from workqueue_operator.core.queues import Queue, arguments
from workqueue_operator.core.status import Condition

IN_SYNC = "QueueInSync"
POLICY = "PolicyInSync"
BROKERS_TIMEOUT_SECONDS = 1800
TIMEOUT_MARGIN_SECONDS = 300
"""A worker ends a task at its limit and says so; the broker must not be faster."""
PRIORITY = -1000
"""Below whatever others give by default (0): a policy that they make later counts at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy of the vhost, as the management API shows it."""

    name: str
    pattern: str
    apply_to: str
    priority: int
    definition: Mapping[str, Any]


class ManagementError(Exception):
    """The management API refused, or did not answer; a condition tells of it.

    status: the HTTP status, 0 when there was no answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Action(Enum):
    """What is to be done about our policy."""

    NOTHING = auto()
    WRITE = auto()
    REMOVE = auto()


def definition(queue: Queue, *, task_timeout_seconds: int) -> dict[str, int]:
    """The policy that is asked for; empty: none."""
    asked = {
        "max-length": queue.policy.max_length,
        "max-length-bytes": queue.policy.max_length_bytes,
        "message-ttl": _milliseconds(queue.policy.message_ttl_seconds),
        "consumer-timeout": _milliseconds(consumer_timeout_seconds(task_timeout_seconds)),
    }
    return {key: value for key, value in asked.items() if value is not None}


def consumer_timeout_seconds(task_timeout_seconds: int) -> int | None:
    """How long the broker must leave a task with its worker; None: its own 30 minutes will do."""
    wanted = task_timeout_seconds + TIMEOUT_MARGIN_SECONDS
    return wanted if wanted > BROKERS_TIMEOUT_SECONDS else None


def policy_name(queue: str) -> str:
    """Ours; the names of others are never touched."""
    return f"workqueue.{queue}"


def policy_body(queue: str, wanted: Mapping[str, int]) -> dict[str, Any]:
    """As the management API takes it."""
    return {
        "pattern": _pattern(queue),
        "apply-to": "queues",
        "priority": PRIORITY,
        "definition": dict(wanted),
    }


def judge(
    queue: Queue, wanted: Mapping[str, int], policies: Sequence[Policy]
) -> tuple[Action, Condition]:
    """What to do, and what to say once that is done."""
    ours = next((each for each in policies if each.name == policy_name(queue.name)), None)
    if not wanted:
        text = "no policy is asked for"
        return (Action.REMOVE if ours else Action.NOTHING), _condition(
            POLICY, "NothingAsked", text, status=True
        )
    rival = _first_of(queue, policies)
    if rival is not None:
        in_its_way = ours is not None and ours.priority >= rival.priority
        return Action.REMOVE if in_its_way else Action.NOTHING, _beside(rival, wanted)
    written = _condition(
        POLICY, "PolicyWritten", f"policy {policy_name(queue.name)!r} is in force", status=True
    )
    body = policy_body(queue.name, wanted)
    same = (body["pattern"], PRIORITY, wanted)
    if ours is not None and (ours.pattern, ours.priority, ours.definition) == same:
        return Action.NOTHING, written
    return Action.WRITE, written


def without_management(wanted: Mapping[str, int]) -> Condition | None:
    """What is to be said where no policy can be written."""
    if not wanted:
        return None
    timeout = wanted.get("consumer-timeout")
    if list(wanted) == ["consumer-timeout"]:
        return too_short(int(timeout or 0), "broker.managementUri is not given")
    text = (
        "the limits of spec.queue.policy are not in force: writing a policy takes "
        "spec.broker.managementUri and a user with the tag policymaker. Give both, or write the "
        f"policy yourself: {_words(wanted)}"
    )
    return _condition(POLICY, "ManagementMissing", text, status=False)


def too_short(milliseconds: int, why: str) -> Condition:
    """The broker may take a task from a worker that is still at it."""
    text = (
        f"the broker gives a task to another worker after 30 min unless it is told otherwise, and "
        f"taskTimeoutSeconds is longer ({why}). Set consumer_timeout = {milliseconds} in "
        f"rabbitmq.conf or consumer-timeout in a policy, or let the operator write the policy "
        f"(spec.broker.managementUri, tag policymaker, RabbitMQ 3.12 or newer)"
    )
    return _condition(POLICY, "ConsumerTimeoutTooShort", text, status=False)


def refused(wanted: Mapping[str, int], status: int, words: str) -> Condition:
    """The management API did not take the policy. status: of HTTP."""
    if status in {401, 403}:
        text = (
            f"the broker's user may not write policies: give it the tag policymaker, or write the "
            f"policy yourself: {_words(wanted)}"
        )
        return _condition(POLICY, "PolicyNotPermitted", text, status=False)
    if "consumer-timeout" in wanted and "consumer" in words:
        return too_short(wanted["consumer-timeout"], f"this broker takes no such policy: {words}")
    if status == 0 or status >= 500:
        text = f"nobody says whether the policy is in force: {words}"
        return _condition(POLICY, "PolicyNotKnown", text, status=None)
    text = f"the broker does not take the policy {_words(wanted)}: {words}"
    return _condition(POLICY, "PolicyRefused", text, status=False)


def drift(queue: Queue, found: Mapping[str, Any]) -> Condition:
    """Compare what was asked for with the arguments that the broker has."""
    wrong = [
        f"{key}: asked for {value!r}, it has {found.get(key, 'none')!r}"
        for key, value in arguments(queue).items()
        if found.get(key) != value
    ]
    if not wrong:
        return _condition(
            IN_SYNC, "InSync", "the broker has the queue as it is asked for", status=True
        )
    text = (
        f"queue {queue.name!r} is not what is asked for ({'; '.join(wrong)}). The broker ignored "
        f"that without a word, or the queue is older; it cannot be changed in place and nothing is "
        f"deleted for it: use what this version of RabbitMQ knows, or drain and delete the queue"
    )
    return _condition(IN_SYNC, "ArgumentsDiffer", text, status=False)


def unseen(why: str) -> Condition:
    """Nobody can tell what the broker has."""
    return _condition(IN_SYNC, "NotKnown", why, status=None)


def _first_of(queue: Queue, policies: Sequence[Policy]) -> Policy | None:
    """Of the policies of others, the one that is in force for this queue."""
    kinds = {"all", "queues", f"{queue.type.lower()}_queues"}
    others = [
        each
        for each in policies
        if each.name != policy_name(queue.name)
        and each.apply_to in kinds
        and not _is_for_another(each)
        and _matches(each.pattern, queue.name)
    ]
    return max(others, key=lambda each: each.priority, default=None)


def _is_for_another(policy: Policy) -> bool:
    """One that we wrote: 10,000 patterns take 0.1 s to compile, each time, for each WorkQueue."""
    name = policy.name.removeprefix(policy_name(""))
    return name != policy.name and policy.pattern == _pattern(name)


def _pattern(queue: str) -> str:
    return f"^{re.escape(queue)}$"


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True  # the broker's dialect is another one: rather leave the field to it


def _beside(rival: Policy, wanted: Mapping[str, int]) -> Condition:
    """Another policy is for this queue: ours would take it out of force, or never be in force."""
    if all(_holds(key, value, rival.definition.get(key)) for key, value in wanted.items()):
        text = f"policy {rival.name!r} has what is asked for"
        return _condition(POLICY, "InAnotherPolicy", text, status=True)
    text = (
        f"policy {rival.name!r} (priority {rival.priority}) is for this queue, only one policy can "
        f"be, and it is left alone. Put this into it, or have it match other queues: "
        f"{_words(wanted)}"
    )
    return _condition(POLICY, "PolicyShadowed", text, status=False)


def _holds(key: str, wanted: int, found: object) -> bool:
    if key == "consumer-timeout":
        return isinstance(found, int) and found >= wanted
    return found == wanted


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def _words(wanted: Mapping[str, int]) -> str:
    return ", ".join(f"{key}={value}" for key, value in wanted.items())


def _condition(kind: str, reason: str, message: str, *, status: bool | None) -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message)
