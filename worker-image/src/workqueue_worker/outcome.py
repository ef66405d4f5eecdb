"""How an attempt ended, and what the broker is told about it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

MAX_ERROR_CHARACTERS = 1000
"""Headers travel with every delivery and must fit into one frame with all the others."""


@dataclass(frozen=True, slots=True)
class Ok:
    """The work is done."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; another one may not.

    `after_seconds` is what the handler asked for, None where it left the delay to the rules.
    `killed` says that a signal which is not ours ended the program or process at work.
    """

    error: str
    timed_out: bool = False
    after_seconds: float | None = None
    killed: bool = False


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


Reason = Literal["MaxAttempts", "DeadLetter", "MaxCrashes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAgain:
    """Publish the task with its story, wait for the confirm, and only then acknowledge.

    `reason` is None for a further attempt, and says why for a dead letter. `crashes` is how many
    workers the task has taken down with it so far; the new message carries the number on.
    """

    queue: str
    failures: int
    error: str
    reason: Reason | None
    timed_out: bool = False
    crashes: int = 0


Ruling = Acknowledge | HandBack | PublishAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where failures go. An empty `dead_letter_queue` means that nothing is ever given up.

    `retry_delays_seconds` ascend; for each there is a queue that gives its messages back after so
    long (`retry_queue`). Without any, a failed task goes to the end of its own queue at once.
    """

    queue: str
    dead_letter_queue: str
    max_attempts: int
    retry_delays_seconds: tuple[int, ...] = ()
    max_crashes: int | None = None

    def rule(self, outcome: Outcome, *, earlier_failures: int, earlier_crashes: int = 0) -> Ruling:
        """Say what becomes of a task that has failed `earlier_failures` times before."""
        match outcome:
            case Ok():
                return Acknowledge()
            case Release(why):
                return HandBack(why)
            case Retry():
                return self._failed(outcome, earlier_failures + 1, earlier_crashes)
            case Dead(error):
                return self._given_up(error, earlier_failures + 1, earlier_crashes)

    def rule_on_crashes(self, *, crashes: int, earlier_failures: int) -> PublishAgain | None:
        """Say whether a task that has ended `crashes` workers is not to be started again."""
        if self.max_crashes is None or not self.dead_letter_queue or crashes < self.max_crashes:
            return None
        return PublishAgain(
            queue=self.dead_letter_queue,
            failures=earlier_failures,
            error=f"{crashes} workers ended while they had this task",
            reason="MaxCrashes",
            crashes=crashes,
        )

    def retry_queue(self, failures: int, after_seconds: float | None = None) -> str:
        """Where the task waits after its n-th failure: one of the steps, or its own queue.

        What the handler asks for is rounded up to a step, and above all of them is the longest;
        zero and less means at once.
        """
        steps = self.retry_delays_seconds
        if after_seconds is None or math.isnan(after_seconds):
            step = steps[min(failures, len(steps)) - 1] if steps else None
        elif after_seconds <= 0 or not steps:
            step = None
        else:
            step = next((each for each in steps if each >= after_seconds), steps[-1])
        return self.queue if step is None else f"{self.queue}.retry.{step}"

    def _failed(self, retry: Retry, failures: int, crashes: int) -> PublishAgain:
        last = bool(self.dead_letter_queue) and failures >= self.max_attempts
        waits_in = self.retry_queue(failures, retry.after_seconds)
        return PublishAgain(
            queue=self.dead_letter_queue if last else waits_in,
            failures=failures,
            error=retry.error[:MAX_ERROR_CHARACTERS],
            reason="MaxAttempts" if last else None,
            timed_out=retry.timed_out,
            crashes=crashes,
        )

    def _given_up(self, error: str, failures: int, crashes: int) -> PublishAgain:
        if not self.dead_letter_queue:
            return self._failed(Retry(error), failures, crashes)
        return PublishAgain(
            queue=self.dead_letter_queue,
            failures=failures,
            error=error[:MAX_ERROR_CHARACTERS],
            reason="DeadLetter",
            crashes=crashes,
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
