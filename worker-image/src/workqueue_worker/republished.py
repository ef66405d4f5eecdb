"""The message that takes a task's place: what is kept, what is added, what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pika

from workqueue_worker.message import (
    ATTEMPTS,
    CRASHES,
    DELIVERY_COUNT,
    ERROR,
    FIRST_FAILURE,
    PRIORITY,
    QUEUE,
    REASON,
    WORKER,
    Delivery,
    count,
)
from workqueue_worker.outcome import PublishAgain

DEATH_WORDS = ("queue", "exchange", "reason")

NOT_CARRIED_OVER = frozenset(
    {
        # Counters of one delivery's life in one queue; the new message starts its own.
        DELIVERY_COUNT,
        "x-acquired-count",
        # Where the broker's own dead-lettering sent it: every return from a retry queue is one.
        # Brokers before 4.0 believe what is published, and drop what seems to go in circles.
        "x-death",
        *(f"x-{which}-death-{what}" for which in ("first", "last") for what in DEATH_WORDS),
        # An order to the exchange to route copies elsewhere; it was carried out the first time.
        "CC",
        "BCC",
        # Said of a dead letter; one that somebody moved back to its queue is none any more.
        REASON,
        QUEUE,
        # Written anew by each who publishes.
        CRASHES,
        PRIORITY,
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who failed the task, and where it came from."""

    pod_name: str
    queue: str


def published_again(
    delivery: Delivery, ruling: PublishAgain, *, origin: Origin, now: datetime
) -> Any:
    """The properties of the message that takes this one's place.

    All are kept but `expiration` (a retry must not die of age), `delivery_mode` (always
    persistent) and `user_id` (the broker would check it against our own name).
    """
    story = _story(delivery, ruling, origin=origin, now=now)
    priority = _priority(delivery)
    if ruling.reason is None and ruling.queue != origin.queue and priority is not None:
        # It waits in a retry queue. Messages expire at the head of a queue alone, and those of a
        # higher priority are its head: as long as some came, the others would never return.
        return _properties(delivery, story | {PRIORITY: priority}, priority=None)
    return _properties(delivery, story, priority=priority)


def moved(delivery: Delivery) -> Any:
    """The same for a task that is handed back: nothing is new but the count of its crashes."""
    kept = _kept(delivery) | _crashes(delivery.earlier_crashes)
    return _properties(delivery, kept, priority=_priority(delivery))


def _priority(delivery: Delivery) -> int | None:
    """As the producer gave it; a task that has waited in a retry queue has it in a header."""
    given: int | None = delivery.properties.priority
    waited_with = count(delivery.headers, PRIORITY)
    return given if given is not None or not 0 < waited_with < 256 else waited_with


def _properties(delivery: Delivery, headers: Mapping[str, Any], *, priority: int | None) -> Any:
    old = delivery.properties
    return pika.BasicProperties(
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        headers=dict(headers),
        delivery_mode=pika.DeliveryMode.Persistent.value,
        priority=priority,
        correlation_id=old.correlation_id,
        reply_to=old.reply_to,
        message_id=delivery.task_id,
        timestamp=old.timestamp,
        type=old.type,
        app_id=old.app_id,
    )


def _kept(delivery: Delivery) -> dict[str, Any]:
    return {k: v for k, v in delivery.headers.items() if k not in NOT_CARRIED_OVER}


def _crashes(number: int) -> dict[str, Any]:
    return {CRASHES: number} if number else {}


def _story(
    delivery: Delivery, ruling: PublishAgain, *, origin: Origin, now: datetime
) -> dict[str, Any]:
    kept = _kept(delivery)
    story = kept | {
        ATTEMPTS: ruling.failures,
        # Half of a pair of surrogates, as in a name of a file that is no UTF-8, cannot be sent.
        ERROR: ruling.error.encode(errors="replace").decode(),
        WORKER: origin.pod_name,
        FIRST_FAILURE: kept.get(FIRST_FAILURE) or now.isoformat(timespec="milliseconds"),
    }
    story |= _crashes(ruling.crashes)
    if ruling.reason is not None:
        story |= {REASON: ruling.reason, QUEUE: origin.queue}
    return story
