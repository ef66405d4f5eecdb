"""Retry queues on the real broker: what waits there comes back, and is not lost on the way."""

import time
from dataclasses import replace
from typing import Any

import pika
import pytest

from integration.broker.specs import Type, queue
from kit.kube import wait_for
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access

TASK = pika.BasicProperties(delivery_mode=2, message_id="one", headers={"x-workqueue-attempts": 1})


@pytest.mark.parametrize("kind", ["Quorum", "Classic"])
def test_a_task_that_waits_comes_back_after_its_delay(
    kind: Type, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    wanted = replace(queue(kind), retry_delays_seconds=(1,))
    topology.ensure(access, wanted)

    began = time.monotonic()
    channel.basic_publish("", "mail.retry.1", b"again", TASK, mandatory=True)
    method, properties, body = wait_for(
        "the task", lambda: taken(channel, "mail"), seconds=10, every=0.02
    )

    assert time.monotonic() - began >= 0.99
    assert (properties.message_id, body) == ("one", b"again")
    assert properties.headers["x-workqueue-attempts"] == 1
    assert method.redelivered is False


def test_delays_are_added_and_taken_away_without_touching_the_queue(
    broker: Broker, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    topology.ensure(access, queue())
    channel.basic_publish("", "mail", b"waits", TASK, mandatory=True)

    with_delays = replace(queue(), retry_delays_seconds=(5, 60))
    assert topology.ensure(access, with_delays) is False
    assert topology.ensure(access, with_delays) is False

    made = broker.queue("mail.retry.60")
    assert made is not None
    assert made["type"] == "quorum"
    assert made["arguments"]["x-message-ttl"] == 60_000
    assert waiting(channel, "mail") == 1
    # And what waits at a step that is asked for no more still comes back: its queue stays
    channel.basic_publish("", "mail.retry.5", b"later", TASK, mandatory=True)
    topology.ensure(access, queue())
    wait_for("both", lambda: waiting(channel, "mail") == 2, seconds=20)


def test_without_its_queue_a_task_is_kept_until_there_is_one(
    broker: Broker, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    """The broker tries again every few minutes."""
    wanted = replace(queue(), retry_delays_seconds=(1,))
    topology.ensure(access, wanted)
    broker.delete_queue("mail")
    channel.basic_publish("", "mail.retry.1", b"again", TASK, mandatory=True)

    def kept() -> bool:
        row = broker.queue("mail.retry.1") or {}
        return (row.get("messages"), row.get("messages_ready")) == (1, 0)

    wait_for("it to be due, and kept", kept, seconds=20)
    assert broker.queue("mail") is None


def waiting(channel: Any, name: str) -> int:
    return int(channel.queue_declare(name, passive=True).method.message_count)


def taken(channel: Any, name: str) -> tuple[Any, Any, bytes] | None:
    method, properties, body = channel.basic_get(name, auto_ack=True)
    return None if method is None else (method, properties, body)
