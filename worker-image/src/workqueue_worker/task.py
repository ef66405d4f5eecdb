"""What a handler sees, and what it may say.

Return, and the task is done. Raise `Retry`, `DeadLetter`, or anything else (which is a failure
like `Retry`). Nothing here needs a broker: `Task(id="1", body=b"...")` is all that a unit test of
a handler takes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NEVER = datetime.max.replace(tzinfo=UTC)


class Retry(Exception):  # noqa: N818 - a handler says what is to happen, not what went wrong
    """This attempt failed, another may not. Counts towards `maxAttempts`."""


class DeadLetter(Exception):  # noqa: N818 - as above
    """No attempt will ever work: the task goes to the dead letters at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of the queue.

    Attributes:
        id: the same at every attempt.
        body: the bytes as published.
        headers: as published, and the `x-workqueue-*` of earlier attempts.
        attempt: 1 at the first.
        deadline: when the hard limit (`taskTimeoutSeconds`) ends this attempt.
        content_type: as the producer said, or None.
    """

    id: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    deadline: datetime = NEVER
    content_type: str | None = None
    stop: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def stop_requested(self) -> bool:
        """True once the result can no longer be acknowledged: the broker has the task back.

        It runs again elsewhere, whatever this attempt does, so a long handler looks here from
        time to time and gives up. A worker that is told to leave does NOT set this: it waits.
        """
        return self.stop.is_set()

    def wait_for_stop(self, seconds: float) -> bool:
        """Sleep, but wake up and return True as soon as `stop_requested` is."""
        return self.stop.wait(seconds)

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
