"""Where a task goes on: its retry queue, the end of its own, the dead letters, or nowhere yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pika
import pytest

from unit.worker.house import RULES, FakeBroker, House
from workqueue_worker import Task, backoff, outcome, recording
from workqueue_worker.message import Delivery
from workqueue_worker.settlement import TaskOverranError

DELAYED = replace(RULES, retry_delays_seconds=(1, 10), max_crashes=2)


class PartlyDeclared(FakeBroker):
    """A broker that lacks some queues."""

    absent: tuple[str, ...] = ()

    def basic_publish(
        self, *, routing_key: str, properties: Any, mandatory: bool, **_: Any
    ) -> None:
        self.error = pika.exceptions.UnroutableError([]) if routing_key in self.absent else None
        super().basic_publish(routing_key=routing_key, properties=properties, mandatory=mandatory)


@dataclass
class SilentBroker(FakeBroker):
    """It takes a message and does not say so, like a queue without a majority of its nodes."""

    asked: threading.Event = field(default_factory=threading.Event)
    confirms: threading.Event = field(default_factory=threading.Event)

    def basic_publish(self, **_: Any) -> None:
        self.asked.set()
        assert self.confirms.wait(30)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    brief = backoff.Schedule(first_seconds=0.01, cap_seconds=0.01)
    monkeypatch.setattr(backoff, "PUBLISH", brief)
    made = House(work=lambda _: outcome.Retry("no disk"), rules=DELAYED, broker=PartlyDeclared())
    yield made
    made.runner.leave()
    made.publisher.close(timeout_seconds=2)


def lacks(house: House, *queues: str) -> None:
    assert isinstance(house.broker, PartlyDeclared)
    house.broker.absent = queues


def deliver(house: House, *, nacks_count: bool = True, **headers: Any) -> Delivery:
    properties = pika.BasicProperties(message_id="task-1", headers=headers)
    delivery = Delivery(
        channel=None, tag=1, body=b"x", properties=properties, nacks_count=nacks_count
    )
    house.subscription.held.add(delivery)
    house.runner.submit(delivery)
    return delivery


def test_given_delays_then_a_failed_task_waits_in_its_retry_queue(house: House) -> None:
    deliver(house)
    house.settle_all(house.subscription)
    [(queue, headers)] = house.broker.published
    assert (queue, headers["x-workqueue-attempts"]) == ("mail.retry.1", 1)
    assert house.subscription.said == ["ack 1"]


def test_given_no_retry_queue_there_then_it_goes_to_the_end_of_its_own(house: House) -> None:
    lacks(house, "mail.retry.1")
    deliver(house)
    house.settle_all(house.subscription)
    [(queue, headers)] = house.broker.published
    assert (queue, headers["x-workqueue-attempts"]) == ("mail", 1)
    assert house.subscription.said == ["ack 1"]


def test_given_no_dead_letter_queue_then_the_task_is_kept_until_there_is_one(house: House) -> None:
    house.work = lambda _: outcome.Dead("bad")
    lacks(house, "mail.dead")
    deliver(house)
    time.sleep(0.1)
    house.settlement.settle_finished(house.subscription)
    assert house.subscription.said == [], "neither acknowledged nor handed back"
    lacks(house)
    house.settle_all(house.subscription)
    assert [queue for queue, _ in house.broker.published] == ["mail.dead"]
    assert house.subscription.said == ["ack 1"]
    assert house.count("dead_letters_total", reason="DeadLetter") == 1


def test_given_a_worker_that_leaves_then_it_does_not_wait_for_the_queue(house: House) -> None:
    lacks(house, "mail.retry.1", "mail")
    deliver(house)
    time.sleep(0.05)
    house.runner.leave()
    house.settle_all(house.subscription)
    assert house.broker.published == []
    assert house.subscription.said == ["nack 1"]


def test_given_a_task_that_is_lost_while_it_is_kept_then_it_is_published_nowhere(
    house: House,
) -> None:
    lacks(house, "mail.retry.1", "mail")
    delivery = deliver(house)
    time.sleep(0.05)
    delivery.lost.set()
    house.subscription.held.clear()
    house.settle_all(house.subscription)
    lacks(house)
    assert house.broker.published == []
    assert house.subscription.said == []


def test_given_a_task_that_ended_too_many_workers_then_it_never_begins(house: House) -> None:
    begun = threading.Event()

    def work(_: object) -> outcome.Outcome:
        begun.set()
        return outcome.Ok()

    house.work = work
    counted: dict[str, Any] = {"x-delivery-count": 2, "x-workqueue-attempts": 1}
    deliver(house, **counted)
    house.settle_all(house.subscription)
    [(queue, headers)] = house.broker.published
    assert not begun.is_set()
    assert queue == "mail.dead"
    assert headers["x-workqueue-reason"] == "MaxCrashes"
    assert headers["x-workqueue-crashes"] == 2
    assert headers["x-workqueue-attempts"] == 1, "a crash is no failure of the task's own"
    assert house.subscription.said == ["ack 1"]
    assert house.count("dead_letters_total", reason="MaxCrashes") == 1


@pytest.mark.parametrize(
    ("headers", "crashes"),
    [
        pytest.param({}, None, id="a first delivery has ended nobody"),
        pytest.param({"x-delivery-count": 1}, 1, id="the broker's count goes on in a header"),
        pytest.param(
            {"x-workqueue-crashes": 1, "x-workqueue-reason": "MaxCrashes"},
            None,
            id="a dead letter that was moved back starts anew",
        ),
    ],
)
def test_a_failure_carries_the_crashes_on(
    house: House, headers: dict[str, Any], crashes: int | None
) -> None:
    deliver(house, **headers)
    house.settle_all(house.subscription)
    [(_, published)] = house.broker.published
    assert published.get("x-workqueue-crashes") == crashes
    assert "x-delivery-count" not in published


@pytest.mark.parametrize(
    ("max_crashes", "count", "nacks_count", "said"),
    [
        pytest.param(2, 0, True, "ack 1", id="a limit on crashes: it moves, and counts as none"),
        pytest.param(2, 0, False, "nack 1", id="a broker that counts no hand-back: in place"),
        pytest.param(None, 0, True, "nack 1", id="no limit: the first one in place"),
        pytest.param(None, 1, True, "ack 1", id="no limit: later ones spare the broker's own"),
    ],
)
def test_a_hand_back_is_never_taken_for_a_crash(
    max_crashes: int | None, count: int, nacks_count: bool, said: str
) -> None:
    rules = replace(DELAYED, max_crashes=max_crashes)
    house = House(work=lambda _: outcome.Release("server away"), rules=rules)
    headers: dict[str, Any] = {"x-delivery-count": count} if count else {}
    deliver(house, nacks_count=nacks_count, **headers)
    house.settle_all(house.subscription)
    assert house.subscription.said == [said]
    moved = [(queue, headers) for queue, headers in house.broker.published]
    kept = {"x-workqueue-crashes": count} if count else {}
    assert moved == ([("mail", kept)] if said == "ack 1" else [])
    assert house.count("tasks_total", outcome="release") == 1
    house.publisher.close(timeout_seconds=2)


def test_given_a_confirm_that_never_comes_then_a_worker_that_leaves_gives_the_task_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording, "UNCONFIRMED_SECONDS", 0.1)
    silent = SilentBroker()
    house = House(work=lambda _: outcome.Retry("no disk"), broker=silent)
    deliver(house)
    assert silent.asked.wait(10)
    house.settlement.settle_finished(house.subscription)
    assert house.subscription.said == [], "it may be there any time"
    house.runner.leave()
    house.settle_all(house.subscription)
    assert house.subscription.said == ["nack 1"]
    silent.confirms.set()
    house.publisher.close(timeout_seconds=2)


def test_given_an_overrun_and_no_retry_queue_then_the_failure_counts_all_the_same() -> None:
    begun, release = threading.Event(), threading.Event()

    def stuck(_: Task) -> outcome.Outcome:
        begun.set()
        release.wait(10)
        return outcome.Ok()

    house = House(limit_seconds=0.1, work=stuck, rules=DELAYED, broker=PartlyDeclared())
    lacks(house, "mail.retry.1")
    deliver(house)
    assert begun.wait(10)
    time.sleep(0.2)
    with pytest.raises(TaskOverranError):
        house.settlement.enforce_limit(house.subscription, house.runner)
    release.set()
    [(queue, headers)] = house.broker.published
    assert (queue, headers["x-workqueue-attempts"]) == ("mail", 1)
    assert house.subscription.said == ["cancel", "ack 1"]
