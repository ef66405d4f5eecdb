"""Publishes a task again: one that failed with its story, one that is handed back as it was."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime

from workqueue_worker.message import Delivery
from workqueue_worker.outcome import Outcome, PublishAgain, Rules, Ruling
from workqueue_worker.publisher import Message, Publisher
from workqueue_worker.republished import Origin, moved, published_again
from workqueue_worker.settings import Settings


@dataclass(frozen=True, slots=True)
class Failures:
    publisher: Publisher
    rules: Rules
    origin: Origin

    @classmethod
    def of(cls, settings: Settings, publisher: Publisher) -> Failures:
        origin = Origin(pod_name=settings.pod_name, queue=settings.queue)
        return cls(publisher, settings.rules, origin)

    def rule(self, delivery: Delivery, outcome: Outcome) -> Ruling:
        return self.rules.rule(
            outcome,
            earlier_failures=delivery.earlier_failures,
            earlier_crashes=delivery.earlier_crashes,
        )

    def rule_on_crashes(self, delivery: Delivery) -> PublishAgain | None:
        """Say whether the task has ended so many workers that it is not to begin once more."""
        return self.rules.rule_on_crashes(
            crashes=delivery.earlier_crashes, earlier_failures=delivery.earlier_failures
        )

    def moves_when_handed_back(self, delivery: Delivery) -> bool:
        """Whether the broker would count a plain hand-back as if a worker had died over the task.

        Where crashes end a task, none may be counted wrongly. Elsewhere the first one may be: it
        leaves the task its place, and the broker's own limit is far.
        """
        limited = self.rules.max_crashes is not None
        return delivery.nacks_count and (limited or delivery.delivery_count > 0)

    def publish(self, delivery: Delivery, ruling: PublishAgain) -> Future[None]:
        """The task may be acknowledged once the future has a result, and only then."""
        properties = published_again(delivery, ruling, origin=self.origin, now=datetime.now(UTC))
        return self.publisher.publish(Message(ruling.queue, delivery.body, properties))

    def move(self, delivery: Delivery) -> Future[None]:
        """Publish it to the end of its own queue, uncounted: the broker's count begins anew."""
        return self.publisher.publish(Message(self.rules.queue, delivery.body, moved(delivery)))
