"""Between a message of the broker and a task: ids, attempts, and the story in the headers."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
CRASHES = "x-workqueue-crashes"
DELIVERY_COUNT = "x-delivery-count"

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
    }
)


@dataclass(slots=True, eq=False, kw_only=True)
class Delivery:
    """One delivery of one message, bound to the channel that it came by.

    `lost` is set when that channel is gone: the broker gives the task to somebody else. `claim`
    is won once, by whoever settles the task: its thread, or the I/O loop at the hard limit.
    `nacks_count`: this broker counts what we hand back in DELIVERY_COUNT, as those before 4.3 do.
    """

    channel: Any
    tag: int
    body: bytes
    properties: Any
    redelivered: bool = False
    nacks_count: bool = False
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
        return _count(self.headers, ATTEMPTS)

    @property
    def delivery_count(self) -> int:
        """Earlier deliveries of this message that nobody finished. Classic queues count none."""
        return _count(self.headers, DELIVERY_COUNT)

    @property
    def earlier_crashes(self) -> int:
        """Workers that ended, or lost their connection, while they had this task.

        Those before it was last published are in a header; one that was a dead letter and was
        moved back by hand starts anew.
        """
        carried = 0 if REASON in self.headers else _count(self.headers, CRASHES)
        return carried + self.delivery_count

    def task(self, *, deadline: datetime, stop_at_seconds: float = math.inf) -> Task:
        return Task(
            id=self.task_id,
            body=self.body,
            headers=self.headers,
            attempt=self.earlier_failures + 1,
            deadline=deadline,
            content_type=self.properties.content_type,
            type=self.properties.type,
            published=_time(self.properties.timestamp),
            stop_at_seconds=stop_at_seconds,
            stop=self.lost,
        )


def _time(stamp: object) -> datetime | None:
    """The publisher's stamp: seconds since 1970, or whatever it thought fit."""
    try:
        return datetime.fromtimestamp(stamp, UTC) if type(stamp) is int else None
    except (ValueError, OverflowError, OSError):  # beyond the calendar
        return None


def _count(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name, 0)
    # The broker's own counts are 64 bits wide, and pika has a subclass of int for those.
    counts = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return int(value) if counts else 0


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
    return _properties(delivery, _story(delivery, ruling, origin=origin, now=now))


def moved(delivery: Delivery) -> Any:
    """The same for a task that is handed back: nothing is new but the count of its crashes."""
    return _properties(delivery, _kept(delivery) | _crashes(delivery.earlier_crashes))


def _properties(delivery: Delivery, headers: Mapping[str, Any]) -> Any:
    old = delivery.properties
    return pika.BasicProperties(
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        headers=dict(headers),
        delivery_mode=pika.DeliveryMode.Persistent.value,
        priority=old.priority,
        correlation_id=old.correlation_id,
        reply_to=old.reply_to,
        message_id=delivery.task_id,
        timestamp=old.timestamp,
        type=old.type,
        app_id=old.app_id,
    )


def _kept(delivery: Delivery) -> dict[str, Any]:
    return {k: v for k, v in delivery.headers.items() if k not in NOT_CARRIED_OVER}


def _crashes(count: int) -> dict[str, Any]:
    return {CRASHES: count} if count else {}


def _story(
    delivery: Delivery, ruling: PublishAgain, *, origin: Origin, now: datetime
) -> dict[str, Any]:
    kept = _kept(delivery)
    story = kept | {
        ATTEMPTS: ruling.failures,
        ERROR: ruling.error,
        WORKER: origin.pod_name,
        FIRST_FAILURE: kept.get(FIRST_FAILURE) or now.isoformat(timespec="milliseconds"),
    }
    story |= _crashes(ruling.crashes)
    if ruling.reason is not None:
        story |= {REASON: ruling.reason, QUEUE: origin.queue}
    return story
