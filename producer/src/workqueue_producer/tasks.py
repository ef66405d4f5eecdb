"""A task, and how one can end."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Task:
    """One message. `number` counts from 1: the line of the input, or the argument."""

    id: str
    number: int
    body: bytes


class Outcome(StrEnum):
    """Exactly one of these is true of every task that was sent.

    They speak of the last time a task was sent: one that is sent again after a lost connection
    may already be in the queue from the time before.
    """

    CONFIRMED = "confirmed"  # the broker has it, on disk (quorum: on a majority)
    RETURNED = "returned"  # no such queue: the broker gave it back
    NACKED = "nacked"  # the broker refused it, for example because the queue is full
    UNKNOWN = "unknown"  # the connection was lost before the broker said anything


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """A task that did not make it, as the summary names it."""

    id: str
    number: int
    outcome: Outcome
