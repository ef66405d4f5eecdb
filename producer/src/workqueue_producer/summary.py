"""What became of the tasks: one line for people, or one line of JSON for programs."""

import json
from dataclasses import dataclass

from workqueue_producer.desk import Desk
from workqueue_producer.errors import PublishError
from workqueue_producer.tasks import NotConfirmed, Outcome

NAMED_FOR_PEOPLE = 10

ALL_CONFIRMED = 0
SOME_NOT_CONFIRMED = 1
USAGE = 2
BROKER_UNREACHABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The end of a run. `unsent_from` is the first line or argument that was never sent."""

    queue: str
    unit: str
    published: int
    counts: dict[Outcome, int]
    resent: int
    seconds: float
    unsent_from: int | None
    not_confirmed: list[NotConfirmed]
    errors: list[str]
    broker_failed: bool

    @property
    def exit_code(self) -> int:
        """0: all is confirmed. 3: the broker failed before anything was sent, so that the same
        command can be run again without doubling a task. 1: everything else.
        """
        if self.counts[Outcome.CONFIRMED] == self.published and self.unsent_from is None:
            return ALL_CONFIRMED
        if self.broker_failed and not self.published:
            return BROKER_UNREACHABLE
        return SOME_NOT_CONFIRMED

    @property
    def rate_per_second(self) -> float | None:
        """Confirmed tasks per second; None when nothing was sent, for then nobody knows."""
        if not self.seconds:
            return None
        return round(self.counts[Outcome.CONFIRMED] / self.seconds, 1)

    def as_json(self) -> str:
        """Exactly one line."""
        return json.dumps(
            {
                "queue": self.queue,
                "published": self.published,
                **{outcome.value: self.counts[outcome] for outcome in Outcome},
                "resent": self.resent,
                "seconds": round(self.seconds, 3),
                "rate_per_second": self.rate_per_second,
                "unsent_from": self.unsent_from,
                "not_confirmed": [
                    {"id": task.id, self.unit: task.number, "outcome": task.outcome.value}
                    for task in self.not_confirmed
                ],
                "errors": self.errors,
            }
        )

    def as_text(self) -> str:
        """One line for people."""
        rate = self.rate_per_second
        parts = [
            f"{self.published:,} tasks published to {self.queue}",
            f"{self.counts[Outcome.CONFIRMED]:,} confirmed",
            *(
                f"{self.counts[outcome]:,} {outcome.value}"
                for outcome in Outcome
                if outcome is not Outcome.CONFIRMED and self.counts[outcome]
            ),
            *([f"{self.resent:,} sent again (may be there twice)"] if self.resent else []),
        ]
        took = "" if rate is None else f" in {self.seconds:.1f} s ({rate:,.0f}/s)"
        return ", ".join(parts) + took

    def complaints(self) -> list[str]:
        """What went wrong, which tasks it hit, and where to go on."""
        lines = [f"error: {text}" for text in self.errors]
        named = self.not_confirmed[:NAMED_FOR_PEOPLE]
        lines += [f"{t.outcome.value}: {self.unit} {t.number}, message id {t.id}" for t in named]
        more = sum(self.counts.values()) - self.counts[Outcome.CONFIRMED] - len(named)
        if more:
            lines.append(f"... and {more:,} more that are not confirmed (--output json names them)")
        if self.unsent_from is not None and self.exit_code != ALL_CONFIRMED:
            lines.append(f"not sent: everything from {self.unit} {self.unsent_from} on")
        return lines


def summarise(desk: Desk, *, queue: str, fault: PublishError | None, seconds: float) -> Summary:
    """Draw the line under a run that is over."""
    ledger, feed = desk.ledger, desk.feed
    counts = {outcome: ledger.count(outcome) for outcome in Outcome}
    return Summary(
        queue=queue,
        unit=feed.unit,
        published=ledger.sent,
        counts=counts,
        resent=ledger.resent,
        seconds=seconds,
        unsent_from=feed.unsent_from,
        not_confirmed=ledger.not_confirmed,
        errors=[str(e) for e in (fault, feed.error) if e] + _refusals(queue, counts),
        broker_failed=fault is not None,
    )


def _refusals(queue: str, counts: dict[Outcome, int]) -> list[str]:
    said = []
    if counts[Outcome.RETURNED]:
        said.append(
            f"the broker gave tasks back: queue {queue!r} is gone. The operator declares it again "
            f"(`kubectl get workqueue`)"
        )
    if counts[Outcome.NACKED]:
        said.append(
            f"the broker refused tasks: queue {queue!r} is full (a max-length with reject-publish) "
            f"or cannot store them. Let the workers catch up, then publish the rest"
        )
    return said
