"""What a handler sees, and what it may say.

Return, and the task is done. Raise `Retry`, `DeadLetter`, `Release`, or anything else (which is a
failure like `Retry`). Nothing here needs a broker: `Task(id="1", body=b"...")` is all that a unit
test of a handler takes.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LOOK_SECONDS = 0.1
"""How often an async handler that sleeps looks whether it is to stop."""

NEVER = datetime.max.replace(tzinfo=UTC)


class Retry(Exception):  # noqa: N818 - a handler says what is to happen, not what went wrong
    """This attempt failed, another may not. Counts towards `maxAttempts`.

    `after`: seconds until the next attempt, rounded up to one of `retry.delaysSeconds`; without
    it the number of the attempt says which. 0 is at once.
    """

    def __init__(self, reason: str = "", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = None if after is None else float(after)


class DeadLetter(Exception):  # noqa: N818 - as above
    """No attempt will ever work: the task goes to the dead letters at once."""


class Release(Exception):  # noqa: N818 - as above
    """Not now, not here, and not the task's fault: handed back, and not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of the queue.

    Attributes:
        id: the same at every attempt.
        body: the bytes as published.
        headers: as published, and the `x-workqueue-*` of earlier attempts.
        attempt: 1 at the first.
        deadline: when to be done: the soft limit (`softTimeoutSeconds`) where there is one, else
            the hard one (`taskTimeoutSeconds`), which ends this attempt.
        content_type, type, published: as the producer said, or None.
    """

    id: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    deadline: datetime = NEVER
    content_type: str | None = None
    type: str | None = None
    published: datetime | None = None
    stop_at_seconds: float = field(default=math.inf, repr=False, compare=False)  # of monotonic()
    stop: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def stop_requested(self) -> bool:
        """True once this attempt had better end: the soft limit is over, or the channel is lost.

        After a loss the broker has the task back and it runs again elsewhere, whatever this
        attempt does. A long handler looks here from time to time and gives up. A worker that is
        told to leave does NOT set this: it waits.
        """
        return self.stop.is_set() or time.monotonic() >= self.stop_at_seconds

    def wait_for_stop(self, seconds: float) -> bool:
        """Sleep, but wake up and return True as soon as `stop_requested` is."""
        self.stop.wait(max(0.0, min(seconds, self.stop_at_seconds - time.monotonic())))
        return self.stop_requested

    async def until_stop(self, seconds: float) -> bool:
        """The same for async handlers."""
        import asyncio  # noqa: PLC0415 - half of the memory of a worker that has no need of it

        until = time.monotonic() + seconds
        # The event is set by a thread that knows nothing of loops, so it is looked at.
        while not self.stop_requested and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, LOOK_SECONDS))
        return self.stop_requested

    def text(self) -> str:
        """The body as UTF-8. A body that is none will not become one: `DeadLetter`."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise DeadLetter(f"the body is not UTF-8: {error}") from error

    def json(self) -> Any:
        """The body as JSON. A body that is none will not become one: `DeadLetter`."""
        try:
            return json.loads(self.text())
        except json.JSONDecodeError as error:
            raise DeadLetter(f"the body is not JSON: {error}") from error
