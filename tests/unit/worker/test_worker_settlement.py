"""Every word to the broker: on the channel that the task came by, once, after the publish."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pika
import pytest

from unit.worker.house import House
from workqueue_worker import Task, outcome
from workqueue_worker.message import Delivery
from workqueue_worker.outcome import Ok, Outcome
from workqueue_worker.recording import Finished
from workqueue_worker.settlement import TaskOverranError


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.runner.leave()
    made.publisher.close(timeout_seconds=2)


def test_given_work_that_is_done_then_it_is_acknowledged(house: House) -> None:
    house.deliver(1)
    house.settle_all(house.subscription)
    assert house.subscription.said == ["ack 1"]
    assert house.count("tasks_total", outcome="ok") == 1


def test_given_a_failure_then_it_is_published_again_before_it_is_acknowledged(
    house: House,
) -> None:
    house.work = lambda _: outcome.Retry("no disk")
    house.deliver(1)
    house.settle_all(house.subscription)
    [(queue, headers)] = house.broker.published
    assert (queue, headers["x-workqueue-attempts"]) == ("mail", 1)
    assert house.subscription.said == ["ack 1"]
    assert house.count("tasks_total", outcome="retry") == 1


def test_given_a_publish_that_is_refused_then_the_broker_keeps_the_task_it_has(
    house: House,
) -> None:
    house.work = lambda _: outcome.Dead("bad")
    house.broker.error = pika.exceptions.UnroutableError([])
    house.deliver(1)
    house.runner.leave()  # no pause
    house.settle_all(house.subscription)
    assert house.subscription.said == ["nack 1"]
    assert house.count("tasks_total", outcome="release") == 1
    assert not house.broker.is_open, "a connection that failed is not used again"


def test_given_a_lost_channel_then_a_failed_task_is_not_published_as_well(house: House) -> None:
    begun, go = threading.Event(), threading.Event()

    def fail_later(_: Task) -> Outcome:
        begun.set()
        go.wait(5)
        return outcome.Retry("x")

    house.work = fail_later
    delivery = house.deliver(1)
    assert begun.wait(5)
    delivery.lost.set()
    house.subscription.held.clear()
    go.set()
    house.settle_all(house.subscription)
    assert house.broker.published == []
    assert house.subscription.said == []
    assert house.count("stale_acks_total") == 1


def test_given_no_connection_then_a_result_is_discarded_and_counted(house: House) -> None:
    house.deliver(1)
    house.settle_all(None)
    assert house.count("stale_acks_total") == 1
    assert house.count("tasks_total", outcome="ok") == 0


def test_given_a_task_that_lost_its_channel_before_it_began_then_it_never_begins(
    house: House,
) -> None:
    seen: list[str] = []

    def note(task: Task) -> Outcome:
        seen.append(task.id)
        return Ok()

    house.work = note
    delivery = Delivery(
        channel=None, tag=1, body=b"", properties=pika.BasicProperties(message_id="lost")
    )
    delivery.lost.set()
    house.runner.submit(delivery)
    house.deliver(2)
    house.settle_all(house.subscription)
    assert seen == ["task-2"]


def test_given_a_worker_that_leaves_then_what_has_not_begun_goes_back(house: House) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(_: Task) -> Outcome:
        begun.set()
        go.wait(5)
        return Ok()

    house.work = slow
    for tag in (1, 2, 3):
        house.deliver(tag)
    assert begun.wait(5)
    house.settlement.hand_back_waiting(house.subscription, house.runner)
    go.set()
    house.settle_all(house.subscription)
    assert house.subscription.said == ["nack 2", "nack 3", "ack 1"]
    assert house.count("tasks_total", outcome="release") == 2


def test_given_a_thread_past_its_limit_then_the_task_fails_and_the_worker_leaves() -> None:
    release, begun = threading.Event(), threading.Event()

    def stuck(_: Task) -> Outcome:
        begun.set()
        release.wait(10)
        return Ok()

    house = House(limit_seconds=0.2, work=stuck)
    house.deliver(1)
    house.deliver(2)
    assert begun.wait(5)
    time.sleep(0.3)
    with pytest.raises(TaskOverranError):
        house.settlement.enforce_limit(house.subscription, house.runner)
    assert house.subscription.said == ["cancel", "nack 2", "ack 1"]
    assert [queue for queue, _ in house.broker.published] == ["mail"]
    assert house.count("tasks_total", outcome="timeout") == 1
    # And a result that comes after all is not said a second time.
    release.set()
    house.settle_all(house.subscription)
    assert house.subscription.said == ["cancel", "nack 2", "ack 1"]


def test_given_a_thread_past_its_limit_and_no_dead_letter_queue_there_then_it_goes_back() -> None:
    begun = threading.Event()
    release = threading.Event()

    def stuck(_: Task) -> Outcome:
        begun.set()
        release.wait(10)
        return Ok()

    house = House(limit_seconds=0.1, work=stuck)
    house.broker.error = pika.exceptions.NackError([])
    house.deliver(1)
    assert begun.wait(5)
    time.sleep(0.2)
    with pytest.raises(TaskOverranError):
        house.settlement.enforce_limit(house.subscription, house.runner)
    assert house.subscription.said == ["cancel", "nack 1"]
    release.set()


def test_given_a_bug_in_the_thread_then_it_is_kept_for_the_loop_to_raise(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Finished) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(house.runner, "_on_finished", broken)
    house.deliver(1)
    until = time.monotonic() + 5
    while house.runner.crash is None and time.monotonic() < until:
        time.sleep(0.01)
    assert isinstance(house.runner.crash, KeyError)
