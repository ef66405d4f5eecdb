"""A task as a CloudEvent in HTTP's binary mode (CloudEvents 1.0, HTTP protocol binding, 3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from workqueue_worker.task import Task

TYPE_OF_TASKS = "dev.workqueue.task"
"""Where the producer names no type."""
ANY_BYTES = "application/octet-stream"

ATTRIBUTE = re.compile(r"ce-[a-z0-9]{1,20}")
OURS = frozenset({"ce-id", "ce-specversion"})


def request_headers(task: Task, *, queue: str) -> dict[str, str]:
    """The headers of the request for `task`.

    A message that is a CloudEvent itself (headers `ce-*`, as RabbitMQ's own binding has them)
    keeps its attributes but the id: that is the task's, the same at every attempt.
    """
    headers = {
        "ce-source": f"/queues/{quote(queue, safe='')}",
        "ce-type": encoded(task.type or TYPE_OF_TASKS),
    }
    if task.published is not None:
        headers["ce-time"] = task.published.isoformat()
    headers |= _attributes(task)
    headers |= {"ce-id": encoded(task.id), "ce-specversion": "1.0"}
    headers |= {
        "Content-Type": _content_type(task),
        "Workqueue-Attempt": str(task.attempt),
        "Workqueue-Deadline": task.deadline.isoformat(timespec="milliseconds"),
    }
    trace = task.headers.get("traceparent")
    return headers | ({"traceparent": encoded(trace)} if isinstance(trace, str) else {})


def encoded(text: str) -> str:
    """Percent-encode what the binding wants so: spaces, quotes, % and all beyond printable ASCII.

    3.1.3.2 of the specification; header values hold nothing else.
    """
    return "".join(_encoded(character) for character in text)


def _encoded(character: str) -> str:
    if "!" <= character <= "~" and character not in '"%':
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))


def _attributes(task: Task) -> dict[str, str]:
    return {name: encoded(text) for name, text in _texts(task) if name not in OURS}


def _texts(task: Task) -> Iterator[tuple[str, str]]:
    name: str
    value: Any
    for name, value in task.headers.items():
        if ATTRIBUTE.fullmatch(name) and isinstance(value, str) and value:
            yield name, value


def _content_type(task: Task) -> str:
    given = task.content_type or ""
    return given if re.fullmatch(r"[ -~]+", given) else ANY_BYTES
