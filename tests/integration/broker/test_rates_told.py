"""What the real broker's statistics say of tasks that were finished, and where they are silent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pika
import pytest

from kit.rabbit import Broker
from workqueue_operator.broker.rates import ManagementRates
from workqueue_operator.core.access import Access
from workqueue_operator.ports import Throughput

TASK_SECONDS = 0.2
KINDS = ("quorum", "classic")


@pytest.fixture
def managed(broker: Broker, access: Access) -> Access:
    """The access, with its management address."""
    return replace(access, management_uri=broker.management_uri)


@contextmanager
def worker(access: Access, queue: str) -> Iterator[list[float]]:
    """One at work, a task at a time; how long each really took is told."""
    took: list[float] = []
    over = threading.Event()

    def work() -> None:
        credentials = pika.PlainCredentials(access.username, access.password)
        parameters = pika.ConnectionParameters(access.host, access.port, access.vhost, credentials)
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=1)
            for method, _, _ in channel.consume(queue, inactivity_timeout=0.2):
                if over.is_set():
                    return
                if method is not None:
                    began = time.monotonic()
                    time.sleep(TASK_SECONDS)
                    channel.basic_ack(method.delivery_tag)
                    took.append(time.monotonic() - began)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def publish(channel: Any, queue: str, count: int) -> None:
    for _ in range(count):
        channel.basic_publish("", queue, b"task", mandatory=True)


@pytest.mark.timeout(240)
def test_given_workers_that_are_always_busy_then_the_seconds_of_a_task_are_told(
    broker: Broker, managed: Access, channel: Any
) -> None:
    for kind in KINDS:
        broker.declare(kind, x_queue_type=kind)
        publish(channel, kind, 200)
    with worker(managed, "quorum") as first, worker(managed, "classic") as second:
        time.sleep(18)
        seen = [ManagementRates().ask(managed, kind, seconds=10) for kind in KINDS]

    for told, took in zip(seen, (first, second), strict=True):
        assert isinstance(told, Throughput)
        assert told.seconds == 10
        assert told.unacked == pytest.approx(1, abs=0.35)
        # Counted every five seconds, which are not always five.
        really = sum(took) / len(took)
        assert told.unacked * told.seconds / told.finished == pytest.approx(really, rel=0.5)


def test_a_queue_of_which_the_broker_knows_nothing_yet_is_unknown(
    broker: Broker, managed: Access, channel: Any
) -> None:
    broker.declare("mail")
    assert ManagementRates().ask(managed, "mail", seconds=30) is None
    publish(channel, "mail", 3)
    assert ManagementRates().ask(managed, "mail", seconds=30) is None
    assert ManagementRates().ask(managed, "absent", seconds=30) is None


def test_a_user_whom_the_api_does_not_know_learns_nothing(broker: Broker, managed: Access) -> None:
    broker.declare("mail")
    stranger = replace(managed, password="wrong")
    assert ManagementRates().ask(stranger, "mail", seconds=30) is None


@pytest.mark.parametrize("kind", KINDS)
def test_tasks_that_are_handed_back_again_and_again_are_told(
    broker: Broker, managed: Access, channel: Any, kind: str
) -> None:
    unlimited: dict[str, Any] = {"x_delivery_limit": -1} if kind == "quorum" else {}
    broker.declare("round", x_queue_type=kind, **unlimited)
    publish(channel, "round", 5)
    told, until = None, time.monotonic() + 90
    while told is None or 2 * told[1] <= told[0]:
        assert time.monotonic() < until, f"the broker says {told}"
        for _ in range(20):
            method, _, _ = channel.basic_get("round")
            if method is not None:
                channel.basic_nack(method.delivery_tag, requeue=True)
        time.sleep(0.2)
        told = ManagementRates().delivered(managed, "round", seconds=10)
