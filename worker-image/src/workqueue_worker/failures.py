"""Publishes a failed task again, with its story."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime

from workqueue_worker.message import Delivery, Origin, published_again
from workqueue_worker.outcome import Outcome, PublishAgain, Rules, Ruling
from workqueue_worker.publisher import Message, Publisher
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
        return self.rules.rule(outcome, earlier_failures=delivery.earlier_failures)

    def publish(self, delivery: Delivery, ruling: PublishAgain) -> Future[None]:
        """The task may be acknowledged once the future has a result, and only then."""
        properties = published_again(delivery, ruling, origin=self.origin, now=datetime.now(UTC))
        return self.publisher.publish(Message(ruling.queue, delivery.body, properties))
