"""The second connection: opened when a task fails, closed when none has for a while."""

from __future__ import annotations

import time

import pika
import pytest

from unit.worker.house import FakeBroker, House
from workqueue_worker import outcome
from workqueue_worker.publisher import Message, Publisher, PublishError
from workqueue_worker.renewal import LOOK_SECONDS, Renewal


def failing() -> House:
    return House(work=lambda _: outcome.Retry("x"))


def test_given_failures_one_after_another_then_one_connection_serves_them_all() -> None:
    house = failing()
    for tag in range(1, 6):
        house.deliver(tag)
    house.settle_all(house.subscription)
    assert len(house.broker.published) == 5
    assert house.broker.opened == 1
    house.publisher.close(timeout_seconds=1)


def test_given_a_connection_that_ended_while_idle_then_a_new_one_is_opened() -> None:
    house = failing()
    house.deliver(1)
    house.settle_all(house.subscription)
    house.broker.is_open = False
    house.deliver(2)
    house.settle_all(house.subscription)
    assert house.broker.opened == 2
    assert len(house.broker.published) == 2
    house.publisher.close(timeout_seconds=1)


def test_given_no_failure_for_a_while_then_the_connection_is_closed() -> None:
    broker, seconds = FakeBroker(), [0.0]
    publisher = Publisher(broker.connect, now=lambda: seconds[0])
    message = Message("mail", b"x", pika.BasicProperties())
    publisher.publish(message).result(timeout=5)
    seconds[0] = 31.0
    until = time.monotonic() + 5
    while broker.is_open and time.monotonic() < until:
        time.sleep(0.02)
    assert not broker.is_open
    publisher.close(timeout_seconds=1)


def test_given_changed_credentials_then_the_next_message_goes_by_a_new_connection() -> None:
    files, seconds = ["old"], [0.0]
    broker = FakeBroker()
    renewal = Renewal(lambda: files[0], now=lambda: seconds[0])
    publisher = Publisher(broker.connect, now=lambda: seconds[0], renewal=renewal)
    for n, mounted in enumerate(("old", "old", "new", "new")):
        files[0], seconds[0] = mounted, n * LOOK_SECONDS
        message = Message("mail", b"x", pika.BasicProperties())
        publisher.publish(message).result(timeout=5)
    assert broker.opened == 2
    assert len(broker.published) == 4
    publisher.close(timeout_seconds=1)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        pytest.param(pika.exceptions.NackError([]), "Nacked", id="the broker refuses"),
        pytest.param(pika.exceptions.UnroutableError([]), "Unroutable", id="there is no queue"),
        pytest.param(pika.exceptions.ConnectionBlockedTimeout(), "Blocked", id="an alarm"),
        pytest.param(ConnectionResetError(104, "reset"), "Unreachable", id="a cut"),
    ],
)
def test_what_is_not_confirmed_is_an_error_that_says_why(error: Exception, says: str) -> None:
    publisher = Publisher(FakeBroker(error=error).connect)
    message = Message("mail", b"x", pika.BasicProperties())
    with pytest.raises(PublishError, match=says):
        publisher.publish(message).result(timeout=5)
    publisher.close(timeout_seconds=1)
