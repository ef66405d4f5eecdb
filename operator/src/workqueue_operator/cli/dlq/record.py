"""A dead letter as one line of JSON: what `list -o json` prints and `purge --save` keeps. Pure."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workqueue_operator.cli.dlq.letter import Letter

PROPERTIES = (
    *("content_type", "content_encoding", "priority", "correlation_id", "reply_to", "expiration"),
    *("message_id", "timestamp", "type", "user_id", "app_id", "delivery_mode"),
)
"""All but the headers, by the names that AMQP gives them."""


def as_json(letter: Letter) -> str:
    """One line of ASCII, so that it is safe on a terminal, too."""
    return json.dumps(as_record(letter), allow_nan=False)


def as_record(letter: Letter) -> Mapping[str, Any]:
    """What is null is not known."""
    failed_at = letter.failed_at
    return {
        "id": letter.id,
        "failed_at": None if failed_at is None else failed_at.isoformat(),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "error": letter.error,
        "replayed": letter.replayed,
        "queue": letter.queue,
        "size_bytes": len(letter.body),
        "properties": properties_of(letter),
        "headers": _plain(letter.headers),
        "body_base64": base64.b64encode(letter.body).decode(),
    }


def properties_of(letter: Letter) -> Mapping[str, Any]:
    """Those that are set."""
    found = {name: getattr(letter.properties, name, None) for name in PROPERTIES}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    """What JSON has a word for; times and numbers that it has not become text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
