"""JSON logs: one line per event, and never a credential in it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

current_task: ContextVar[str] = ContextVar("current_task", default="")
"""The id of the task that this thread works on; a handler's own log lines carry it as well."""

SHORTEST_SECRET = 4
"""Hiding a shorter one would blank out half of every line, and tell its length."""

_adding = threading.Lock()
_secrets: tuple[str, ...] = ()
"""The longest first: one may be part of another."""


def never_log(*secrets: str) -> None:
    """Replace these by *** in every line from now on, whoever writes it."""
    global _secrets  # noqa: PLW0603 - replaced as a whole: other threads are in the middle of it
    with _adding:
        known = {*_secrets, *(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)}
        _secrets = tuple(sorted(known, key=len, reverse=True))


def hide(text: str) -> str:
    """The text without the secrets that are known so far."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    return text


def fields(**values: Any) -> dict[str, Any]:
    """Pass as `extra=`: the values stand in the line under their own names."""
    return {"fields": values}


class JsonFormatter(logging.Formatter):
    """time (RFC 3339, UTC), level, message, task (where there is one), then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if task := current_task.get():
            line["task"] = task
        extra: Mapping[str, Any] = getattr(record, "fields", {})
        line.update(extra)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: _shown(value) for name, value in line.items()})


def _shown(value: Any) -> Any:
    return value if isinstance(value, int | float | None) else hide(str(value))


def configure() -> None:
    """Log to standard error. pika's own lines are left out: ours say the same, once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
