"""Between a message of the broker and a task: ids, attempts, and what the headers count."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workqueue_worker.task import Task

ATTEMPTS = "x-workqueue-attempts"
ERROR = "x-workqueue-error"
WORKER = "x-workqueue-worker"
FIRST_FAILURE = "x-workqueue-first-failure"
REASON = "x-workqueue-reason"
QUEUE = "x-workqueue-queue"
CRASHES = "x-workqueue-crashes"
PRIORITY = "x-workqueue-priority"
DELIVERY_COUNT = "x-delivery-count"


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
        return count(self.headers, ATTEMPTS)

    @property
    def delivery_count(self) -> int:
        """Earlier deliveries of this message that nobody finished. Classic queues count none."""
        return count(self.headers, DELIVERY_COUNT)

    @property
    def earlier_crashes(self) -> int:
        """Workers that ended, or lost their connection, while they had this task.

        Those before it was last published are in a header; one that was a dead letter and was
        moved back by hand starts anew.
        """
        carried = 0 if REASON in self.headers else count(self.headers, CRASHES)
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


def count(headers: Mapping[str, Any], name: str) -> int:
    """A number from 1 to 2**31 - 1 that stands in a header; 0 for anything else there."""
    value = headers.get(name, 0)
    # The broker's own counts are 64 bits wide, and pika has a subclass of int for those.
    counts = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
    return int(value) if counts else 0
