"""What the broker said about one queue at one time. Unknown is not zero."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The broker counted.

    ready and consumers are fresh (passive declare). unacked is None when nobody could say
    (no management address, or its list did not hold this queue yet). at: monotonic seconds.
    """

    ready: int
    consumers: int
    unacked: int | None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The broker did not say. reason: CamelCase, as in errors.py; why: its words, no secrets."""

    reason: str
    why: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The broker says, surely, that there is no such queue (404 "no queue")."""

    why: str
    at: float


Reading = Known | Unknown | Missing
