"""A dead letter, and what its headers and properties tell of its story. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

OURS = "x-workqueue-"
ATTEMPTS = f"{OURS}attempts"
ERROR = f"{OURS}error"
FIRST_FAILURE = f"{OURS}first-failure"
PRIORITY = f"{OURS}priority"
REASON = f"{OURS}reason"
REPLAYED = f"{OURS}replayed"

WORKERS_REASONS = ("MaxAttempts", "DeadLetter", "MaxCrashes")
BROKERS_REASONS = ("expired", "rejected", "delivery_limit", "maxlen")
REASONS = (*WORKERS_REASONS, *BROKERS_REASONS)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One dead letter as it was handed out. queue: the one that its tasks came from."""

    tag: int
    """Of the delivery: what it is acknowledged by."""
    body: bytes
    properties: Any
    queue: str

    @property
    def headers(self) -> Mapping[str, Any]:
        """What the publisher, the workers and the broker wrote there."""
        return self.properties.headers or {}

    @cached_property
    def id(self) -> str:
        """The message id, or what a worker derives where there is none."""
        given: str | None = self.properties.message_id
        if given:
            return given
        stamp = f"{self.properties.timestamp or ''}".encode()
        return "sha256-" + hashlib.sha256(stamp + b"\0" + self.body).hexdigest()[:32]

    @property
    def reason(self) -> str | None:
        """Why it was given up: a worker's word, else the broker's; None: nobody says."""
        told = self.headers.get(REASON) or next(
            (death.get("reason") for death in self._deaths()), None
        )
        return None if told is None else str(told)

    @property
    def error(self) -> str:
        """The last failure in the worker's words; empty: nobody says."""
        return str(self.headers.get(ERROR, ""))

    @property
    def attempts(self) -> int | None:
        """How often its handler failed; None: nobody says."""
        return _count(self.headers.get(ATTEMPTS))

    @property
    def priority(self) -> int | None:
        """As its publisher gave it; a task that waits for its retry has it in a header."""
        given: int | None = self.properties.priority
        return given if given is not None else (_count(self.headers.get(PRIORITY)) or None)

    @property
    def replayed(self) -> int:
        """How often it was put back by hand."""
        return _count(self.headers.get(REPLAYED)) or 0

    @cached_property
    def failed_at(self) -> datetime | None:
        """Its first failure, else when the broker gave it up, else when it was published.

        None: nobody says.
        """
        told = _moment(self.headers.get(FIRST_FAILURE))
        deaths = (_moment(death.get("time")) for death in self._deaths())
        return told or next(filter(None, deaths), None) or _stamp(self.properties.timestamp)

    @cached_property
    def fingerprint(self) -> bytes:
        """The same for the same message, whenever it is handed out."""
        return hashlib.sha256(self.id.encode() + b"\0" + self.body).digest()

    def _deaths(self) -> Iterator[Mapping[str, Any]]:
        """The broker's notes, those of the work queue first: a retry queue ends waits, too."""
        noted = self.headers.get("x-death")
        listed = noted if isinstance(noted, list) else []
        deaths = [each for each in listed if isinstance(each, dict)]
        yield from sorted(deaths, key=lambda death: death.get("queue") != self.queue)


def _count(value: object) -> int | None:
    """A header that somebody filled with junk says nothing."""
    return value if type(value) is int and value >= 0 else None


def _moment(value: object) -> datetime | None:
    """A header's time; pika gives those of the broker without a zone, and means UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stamp(value: object) -> datetime | None:
    if not isinstance(value, int):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):  # milliseconds, say
        return None
