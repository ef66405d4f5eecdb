"""The worker's threads put together as the consumer does it, around fakes that keep promises."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pika

from workqueue_worker import Task
from workqueue_worker.failures import Failures
from workqueue_worker.handlers import Handler
from workqueue_worker.message import Delivery
from workqueue_worker.metrics import Metrics
from workqueue_worker.outcome import Ok, Outcome, Rules
from workqueue_worker.publisher import Publisher
from workqueue_worker.recording import Finished
from workqueue_worker.republished import Origin
from workqueue_worker.runner import Runner
from workqueue_worker.settlement import Settlement

RULES = Rules(queue="mail", dead_letter_queue="mail.dead", max_attempts=3)


@dataclass
class FakeSubscription:
    """Keeps the promises of a subscription; `said` is what the broker heard."""

    held: set[Delivery] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def owns(self, delivery: Delivery) -> bool:
        return delivery in self.held

    def acknowledge(self, delivery: Delivery) -> None:
        self.held.remove(delivery)
        self.said.append(f"ack {delivery.tag}")

    def hand_back(self, delivery: Delivery) -> None:
        self.held.remove(delivery)
        self.said.append(f"nack {delivery.tag}")

    def cancel(self) -> None:
        self.said.append("cancel")

    def turn(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class FakeBroker:
    """A connection and its channel in one: confirms what is published, or fails."""

    published: list[tuple[str, Any]] = field(default_factory=list)
    error: Exception | None = None
    opened: int = 0
    is_open: bool = True

    def connect(self) -> FakeBroker:
        self.opened += 1
        self.is_open = True
        return self

    def channel(self) -> FakeBroker:
        return self

    def confirm_delivery(self) -> None: ...

    def process_data_events(self, seconds: float) -> None: ...

    def close(self) -> None:
        self.is_open = False

    def basic_publish(
        self, *, routing_key: str, properties: Any, mandatory: bool, **_: Any
    ) -> None:
        assert mandatory
        if self.error is not None:
            raise self.error
        self.published.append((routing_key, properties.headers))


@dataclass
class FakeHandler(Handler):
    work: Callable[[Task], Outcome]
    kind: ClassVar[str] = "python"
    ends_itself: ClassVar[bool] = False

    def run(self, task: Task) -> Outcome:
        return self.work(task)


@dataclass
class House:
    """Runner, settlement and publisher, as the consumer puts them together."""

    limit_seconds: float = 10
    soft_limit_seconds: float | None = None
    work: Callable[[Task], Outcome] = lambda _: Ok()
    rules: Rules = RULES
    broker: FakeBroker = field(default_factory=FakeBroker)
    subscription: FakeSubscription = field(default_factory=FakeSubscription)

    def __post_init__(self) -> None:
        self.metrics = Metrics(queue="mail", handler_kind="python")
        self.publisher = Publisher(self.broker.connect)
        failures = Failures(self.publisher, self.rules, Origin("pod", "mail"))
        self.settlement = Settlement(failures, self.metrics, limit_seconds=self.limit_seconds)
        self.runner = Runner(
            FakeHandler(self._work),
            failures,
            self.metrics,
            self._on_finished,
            limit_seconds=self.limit_seconds,
            soft_limit_seconds=self.soft_limit_seconds,
        )
        self.runner.start()

    def _work(self, task: Task) -> Outcome:
        return self.work(task)

    def _on_finished(self, finished: Finished) -> None:
        self.settlement.finished.put(finished)

    def deliver(self, tag: int) -> Delivery:
        properties = pika.BasicProperties(message_id=f"task-{tag}")
        delivery = Delivery(channel=None, tag=tag, body=b"x", properties=properties)
        self.subscription.held.add(delivery)
        self.runner.submit(delivery)
        return delivery

    def settle_all(self, subscription: FakeSubscription | None) -> None:
        """Turn like the I/O loop until the runner has nothing left."""
        until, idle = time.monotonic() + 5, 0
        while time.monotonic() < until:
            time.sleep(0.02)
            self.settlement.settle_finished(subscription)
            resting = self.runner._waiting.empty() and not self.runner.busy
            # Seen twice: between the two a task is neither waiting nor begun for an instant.
            idle = idle + 1 if resting and self.settlement.finished.empty() else 0
            if idle == 2:
                return
        raise AssertionError("the runner is still busy after 5 s")

    def count(self, name: str, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(
            f"workqueue_worker_{name}", {"queue": "mail", **labels}
        )
        assert value is not None
        return value
