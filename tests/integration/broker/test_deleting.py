"""Deleting queues of the real broker: no task is lost that nobody wanted to lose."""

from typing import Any

import pika
import pytest

from integration.broker.specs import Type, queue
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access

TASK = pika.BasicProperties(delivery_mode=2)


@pytest.mark.parametrize("kind", ["Quorum", "Classic"])
def test_if_empty_spares_a_task_and_deletes_once_it_is_gone(
    kind: Type, broker: Broker, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    topology.ensure(access, queue(kind))
    channel.basic_publish("", "mail", b"task", TASK, mandatory=True)
    assert topology.delete(access, "mail", if_empty=True) is False
    assert broker.queue("mail") is not None

    channel.queue_purge("mail")
    assert topology.delete(access, "mail", if_empty=True) is True
    assert broker.queue("mail") is None


def test_if_empty_spares_a_quorum_queue_that_somebody_consumes(
    broker: Broker, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    topology.ensure(access, queue("Quorum"))
    channel.basic_consume("mail", lambda *_: None)
    assert topology.delete(access, "mail", if_empty=True) is False
    assert broker.queue("mail") is not None


@pytest.mark.parametrize("if_empty", [True, False])
def test_deleting_what_is_not_there_is_fine(
    if_empty: bool, topology: RabbitTopology, access: Access
) -> None:
    assert topology.delete(access, "never", if_empty=if_empty) is True


def test_delete_takes_the_tasks_with_it_when_told_to(
    broker: Broker, topology: RabbitTopology, access: Access, channel: Any
) -> None:
    topology.ensure(access, queue())
    channel.basic_publish("", "mail", b"task", TASK, mandatory=True)
    assert topology.delete(access, "mail", if_empty=False) is True
    assert broker.queue("mail") is None
