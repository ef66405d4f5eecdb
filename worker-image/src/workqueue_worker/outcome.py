"""How an attempt ended, and what the broker is told about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_ERROR_CHARACTERS = 1000
"""Headers travel with every delivery and must fit into one frame with all the others."""


@dataclass(frozen=True, slots=True)
class Ok:
    """The work is done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; another one may not."""

    error: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """No attempt will ever work."""

    error: str


@dataclass(frozen=True, slots=True)
class Release:
    """Handed back as it came; not a failure of the task and not counted as one."""

    why: str


Outcome = Ok | Retry | Dead | Release


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the broker that the task is done."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """Tell the broker to deliver the task again, unchanged."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAgain:
    """Publish the task with its story, wait for the confirm, and only then acknowledge.

    `reason` is None for a further attempt, and says why for a dead letter.
    """

    queue: str
    failures: int
    error: str
    reason: Literal["MaxAttempts", "DeadLetter"] | None
    timed_out: bool = False


Ruling = Acknowledge | HandBack | PublishAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where failures go. An empty `dead_letter_queue` means that nothing is ever given up."""

    queue: str
    dead_letter_queue: str
    max_attempts: int

    def rule(self, outcome: Outcome, *, earlier_failures: int) -> Ruling:
        """Say what becomes of a task that has failed `earlier_failures` times before."""
        match outcome:
            case Ok():
                return Acknowledge()
            case Release(why):
                return HandBack(why)
            case Retry(error, timed_out):
                return self._failed(error, earlier_failures + 1, timed_out=timed_out)
            case Dead(error):
                return self._given_up(error, earlier_failures + 1)

    def _failed(self, error: str, failures: int, *, timed_out: bool) -> PublishAgain:
        last = bool(self.dead_letter_queue) and failures >= self.max_attempts
        return PublishAgain(
            queue=self.dead_letter_queue if last else self.queue,
            failures=failures,
            error=error[:MAX_ERROR_CHARACTERS],
            reason="MaxAttempts" if last else None,
            timed_out=timed_out,
        )

    def _given_up(self, error: str, failures: int) -> PublishAgain:
        if not self.dead_letter_queue:
            return self._failed(error, failures, timed_out=False)
        return PublishAgain(
            queue=self.dead_letter_queue,
            failures=failures,
            error=error[:MAX_ERROR_CHARACTERS],
            reason="DeadLetter",
        )


def label(ruling: Ruling) -> str:
    """The outcome as the metrics count it."""
    match ruling:
        case Acknowledge():
            return "ok"
        case HandBack():
            return "release"
        case PublishAgain(reason=None, timed_out=timed_out):
            return "timeout" if timed_out else "retry"
        case PublishAgain():
            return "dead"
