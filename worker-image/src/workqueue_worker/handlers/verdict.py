"""What the answer of a server says about its task. Pure but for the time."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from workqueue_worker import outcome

MAY_SUCCEED_LATER = frozenset({404, 408, 409, 429})
"""404 as well: a server that has just started may not have that path yet."""
MAX_WORDS = 900


def judge(status: int, reason: str, body: bytes, *, retry_after: str | None) -> outcome.Outcome:
    """`body` is what people are told when the task failed; `retry_after` as in the header."""
    if 200 <= status < 300:
        return outcome.Ok()
    words = body[:MAX_WORDS].decode(errors="replace").strip()
    error = f"{status} {reason}".strip() + (f": {words}" if words else "")
    if 300 <= status < 400:
        return outcome.Retry(f"{error}; redirects are not followed: name the right path")
    if 400 <= status < 500 and status not in MAY_SUCCEED_LATER:
        return outcome.Dead(error)
    after = retry_after_seconds(retry_after, now=datetime.now(UTC))
    return outcome.Retry(error, after_seconds=after)


def retry_after_seconds(said: str | None, *, now: datetime) -> float | None:
    """Seconds, or the time until an HTTP date (RFC 9110, 10.2.3). Junk says nothing."""
    if not said:
        return None
    if said.isascii() and said.strip().isdigit():
        seconds = float(said)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:  # the time zone -0000 of mails: UTC, as far as anybody knows
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
