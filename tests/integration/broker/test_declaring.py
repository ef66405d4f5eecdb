"""Declaring queues on the real broker."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pika
import pytest

from integration.broker.specs import Type, queue
from kit.rabbit import Broker
from workqueue_operator.broker.session import Session
from workqueue_operator.broker.topology import RabbitTopology, type_alone
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    InvalidQueueError,
    QueueMismatchError,
)
from workqueue_operator.core.queues import Queue

TASK = pika.BasicProperties(delivery_mode=2)


@pytest.mark.parametrize("kind", ["Quorum", "Classic"])
def test_a_queue_is_declared_once_and_is_then_there(
    kind: Type, broker: Broker, topology: RabbitTopology, access: Access
) -> None:
    assert topology.ensure(access, queue(kind)) is True
    assert topology.ensure(access, queue(kind)) is False

    declared, dead = broker.queue("mail"), broker.queue("mail.dead")
    assert declared is not None
    assert dead is not None
    assert declared["durable"] is dead["durable"] is True
    assert declared["type"] == dead["type"] == kind.lower()
    assert declared["arguments"]["x-dead-letter-routing-key"] == "mail.dead"


def test_without_dead_letters_a_plain_queue_is_adopted_as_it_is(
    broker: Broker, topology: RabbitTopology, access: Access
) -> None:
    broker.declare("mail")
    assert topology.ensure(access, queue("Classic", dead_letters="None")) is False
    assert broker.queue("mail.dead") is None


def test_a_dead_letter_queue_that_exists_is_used_as_it_is(
    broker: Broker, topology: RabbitTopology, access: Access
) -> None:
    broker.declare("mail.dead", durable=False, x_max_length=10)
    assert topology.ensure(access, queue()) is True
    dead = broker.queue("mail.dead")
    assert dead is not None
    assert dead["arguments"]["x-max-length"] == 10


DEAD = {"x_dead_letter_exchange": "", "x_dead_letter_routing_key": "mail.dead"}
SAFE = DEAD | {"x_dead_letter_strategy": "at-least-once", "x_overflow": "reject-publish"}


@pytest.mark.parametrize(
    ("existing", "wanted", "words"),
    [
        pytest.param(
            {"durable": False},
            queue("Classic", dead_letters="None"),
            "durable = 'false', but this WorkQueue asks for 'true'",
            id="the tutorial's own: a queue that is not durable",
        ),
        pytest.param(
            {},
            queue("Quorum"),
            "x-queue-type = 'classic', but this WorkQueue asks for 'quorum'",
            id="a classic queue where a quorum queue is wanted",
        ),
        pytest.param(
            {"x_queue_type": "quorum"},
            queue("Classic", dead_letters="None"),
            "x-queue-type = 'quorum', but this WorkQueue asks for 'classic'",
            id="a quorum queue where a plain one is to be adopted",
        ),
        pytest.param(
            {"x_queue_type": "classic"},
            queue("Classic"),
            "x-dead-letter-exchange = none, but this WorkQueue asks for ''",
            id="a plain queue where dead letters are wanted",
        ),
        pytest.param(
            DEAD | {"x_dead_letter_routing_key": "attic"},
            queue("Classic"),
            "x-dead-letter-routing-key = 'attic', but this WorkQueue asks for 'mail.dead'",
            id="dead letters that go elsewhere",
        ),
        pytest.param(
            SAFE | {"x_queue_type": "quorum", "x_delivery_limit": 5},
            queue("Quorum", limit=3),
            "x-delivery-limit = '5', but this WorkQueue asks for '3'",
            id="another delivery limit",
        ),
        pytest.param(
            SAFE | {"x_queue_type": "quorum", "x_delivery_limit": 5},
            queue("Quorum"),
            "x-delivery-limit = '5', but this WorkQueue asks for none",
            id="a delivery limit where none is wanted",
        ),
    ],
)
def test_a_queue_that_differs_is_named_and_nothing_is_changed(  # noqa: PLR0917 - fixtures
    existing: dict[str, Any],
    wanted: Queue,
    words: str,
    broker: Broker,
    topology: RabbitTopology,
    access: Access,
) -> None:
    broker.declare("mail", **existing)
    before = broker.queue("mail")

    with pytest.raises(QueueMismatchError) as refused:
        topology.ensure(access, wanted)

    assert words in str(refused.value)
    assert broker.queue("mail.dead") is None
    after = broker.queue("mail")
    assert before is not None
    assert after is not None
    assert after["arguments"] == before["arguments"]

    # And once a person has mended it, it is declared.
    broker.delete_queue("mail")
    assert topology.ensure(access, wanted) is True


def test_a_queue_that_vanishes_while_it_is_compared_is_not_made_by_the_question(
    broker: Broker, access: Access
) -> None:
    session = Session(access)
    with pytest.raises(InvalidQueueError, match="x-max-age"):
        session.declare("mail", type_alone(queue("Quorum")))
    with pytest.raises(InvalidQueueError, match="x-max-age"):
        session.declare("mail", type_alone(queue("Classic")))
    session.close()
    assert broker.queue("mail") is None


def test_looking_at_a_dead_letter_often_does_not_drop_it(
    topology: RabbitTopology, access: Access, channel: Any
) -> None:
    topology.ensure(access, queue("Quorum"))
    channel.basic_publish("", "mail.dead", b"lost", TASK, mandatory=True)

    for _ in range(25):  # RabbitMQ 4 drops a message that came back more than 20 times
        tag = pull(channel, "mail.dead")
        channel.basic_nack(tag, requeue=True)

    pull(channel, "mail.dead")


def pull(channel: Any, name: str) -> int:
    """Take one message; a quorum queue hands it out some moments after it came back."""
    for _ in range(100):
        method, _, _ = channel.basic_get(name)
        if method is not None:
            return int(method.delivery_tag)
        time.sleep(0.02)
    pytest.fail(f"nothing is left in {name}")


def test_many_threads_may_declare_at_once(
    broker: Broker, topology: RabbitTopology, access: Access
) -> None:
    wanted = [queue("Classic", name=f"q{index}", dead_letters="None") for index in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda one: topology.ensure(access, one), wanted))
    assert broker.queue("q39") is not None
