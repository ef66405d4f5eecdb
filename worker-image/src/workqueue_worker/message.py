"""Between a message of the broker and a task: ids, attempts, and the story in the headers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pika

from workqueue_worker.outcome import PublishAgain
from workqueue_worker.task import Task

ATTEMPTS = "x-workqueue-attempts"
ERROR = "x-workqueue-error"
WORKER = "x-workqueue-worker"
FIRST_FAILURE = "x-workqueue-first-failure"
REASON = "x-workqueue-reason"
QUEUE = "x-workqueue-queue"

NOT_CARRIED_OVER = frozenset(
    {
        # Counters of one delivery's life in one queue; the new message starts its own.
        "x-delivery-count",
        "x-acquired-count",
        # An order to the exchange to route copies elsewhere; it was carried out the first time.
        "CC",
        "BCC",
        # Said of a dead letter; one that somebody moved back to its queue is none any more.
        REASON,
        QUEUE,
    }
)


@dataclass(slots=True, eq=False, kw_only=True)
class Delivery:
    """One delivery of one message, bound to the channel that it came by.

    `lost` is set when that channel is gone: the broker gives the task to somebody else. `claim`
    is won once, by whoever settles the task: its thread, or the I/O loop at the hard limit.
    """

    channel: Any
    tag: int
    body: bytes
    properties: Any
    redelivered: bool = False
    lost: threading.Event = field(default_factory=threading.Event)
    _claimed: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> bool:
        return self._claimed.acquire(blocking=False)

    @property
    def headers(self) -> Mapping[str, Any]:
        return self.properties.headers or {}

    @property
    def task_id(self) -> str:
        """The message id, or one derived from what does not change between deliveries."""
        given: str | None = self.properties.message_id
        if given:
            return given
        stamp = f"{self.properties.timestamp or ''}".encode()
        return "sha256-" + hashlib.sha256(stamp + b"\0" + self.body).hexdigest()[:32]

    @property
    def earlier_failures(self) -> int:
        """Own failures so far. A header that somebody else filled with junk counts as none."""
        value = self.headers.get(ATTEMPTS, 0)
        return value if type(value) is int and value > 0 else 0

    def task(self, *, deadline: datetime) -> Task:
        return Task(
            id=self.task_id,
            body=self.body,
            headers=self.headers,
            attempt=self.earlier_failures + 1,
            deadline=deadline,
            content_type=self.properties.content_type,
            stop=self.lost,
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
    old = delivery.properties
    return pika.BasicProperties(
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        headers=_story(delivery, ruling, origin=origin, now=now),
        delivery_mode=pika.DeliveryMode.Persistent.value,
        priority=old.priority,
        correlation_id=old.correlation_id,
        reply_to=old.reply_to,
        message_id=delivery.task_id,
        timestamp=old.timestamp,
        type=old.type,
        app_id=old.app_id,
    )


def _story(
    delivery: Delivery, ruling: PublishAgain, *, origin: Origin, now: datetime
) -> dict[str, Any]:
    kept = {k: v for k, v in delivery.headers.items() if k not in NOT_CARRIED_OVER}
    story = kept | {
        ATTEMPTS: ruling.failures,
        ERROR: ruling.error,
        WORKER: origin.pod_name,
        FIRST_FAILURE: kept.get(FIRST_FAILURE) or now.isoformat(timespec="milliseconds"),
    }
    if ruling.reason is not None:
        story |= {REASON: ruling.reason, QUEUE: origin.queue}
    return story
