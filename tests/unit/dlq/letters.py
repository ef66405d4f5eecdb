"""Dead letters as the broker would hand them out."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pika

from workqueue_operator.cli.dlq.letter import Letter

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def letter(body: bytes = b"a task", *, tag: int = 1, **properties: Any) -> Letter:
    """One of queue mail; properties by pika's names, headers among them."""
    made = pika.BasicProperties(**{"message_id": f"id-{tag}", **properties})
    return Letter(tag=tag, body=body, properties=made, queue="mail")


def failed(age: timedelta, headers: Mapping[str, Any] | None = None) -> Letter:
    """One that a worker gave up, so long ago by its first failure."""
    story = {
        "x-workqueue-reason": "MaxAttempts",
        "x-workqueue-first-failure": (NOW - age).isoformat(timespec="milliseconds"),
    }
    return letter(headers={**story, **(headers or {})})


def death(reason: str, *, queue: str = "mail", age: timedelta = timedelta(0)) -> dict[str, Any]:
    """One note of the broker; pika gives its times without a zone."""
    return {"reason": reason, "queue": queue, "time": (NOW - age).replace(tzinfo=None)}
