"""Declaring and deleting queues on the real broker."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal

import pika
import pytest
import requests

from integration.broker.way import Way
from kit.rabbit import Broker
from workqueue_operator.broker.session import Session
from workqueue_operator.broker.topology import RabbitTopology, type_alone
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    AccessRefusedError,
    BrokerError,
    BrokerUnreachableError,
    InvalidQueueError,
    QueueLockedError,
    QueueMismatchError,
)
from workqueue_operator.core.queues import Queue

Type = Literal["Quorum", "Classic"]
TASK = pika.BasicProperties(delivery_mode=2)


def queue(
    kind: Type = "Quorum",
    *,
    name: str = "mail",
    limit: int | None = None,
    dead_letters: Literal["Declare", "None"] = "Declare",
) -> Queue:
    return Queue(
        name=name,
        type=kind,
        delivery_limit=limit,
        dead_letters=dead_letters,
        deletion_policy="Retain",
    )


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


def test_a_queue_that_another_connection_holds_is_locked(
    topology: RabbitTopology, access: Access, channel: Any
) -> None:
    channel.queue_declare("mail", exclusive=True)
    with pytest.raises(QueueLockedError, match="RESOURCE_LOCKED"):
        topology.ensure(access, queue())


def test_a_name_that_is_too_long_is_invalid(topology: RabbitTopology, access: Access) -> None:
    with pytest.raises(InvalidQueueError, match="at most 255 bytes"):
        topology.ensure(access, queue(name="x" * 256))


def test_a_reserved_name_is_refused(topology: RabbitTopology, access: Access) -> None:
    with pytest.raises(AccessRefusedError, match=r"reserved prefix"):
        topology.ensure(access, queue(name="amq.mail"))


def test_many_threads_may_declare_at_once(
    broker: Broker, topology: RabbitTopology, access: Access
) -> None:
    wanted = [queue("Classic", name=f"q{index}", dead_letters="None") for index in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda one: topology.ensure(access, one), wanted))
    assert broker.queue("q39") is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"password": "wr0ng-pass"}, "AuthenticationFailed", id="a wrong password"),
        pytest.param({"vhost": "no-such-vhost"}, "VhostDenied", id="a vhost that is not there"),
        pytest.param({"host": "127.0.0.1", "port": 9}, "BrokerUnreachable", id="a dead port"),
        pytest.param({"host": "no-such.invalid"}, "BrokerUnreachable", id="a name not known"),
        pytest.param({"tls": True}, "TLSFailed", id="TLS where the broker speaks plain AMQP"),
    ],
)
def test_a_broker_that_lets_nobody_in_says_why(
    changes: dict[str, Any], reason: str, topology: RabbitTopology, access: Access
) -> None:
    wrong = replace(access, **changes)
    with pytest.raises(BrokerError) as failed:
        topology.ensure(wrong, queue())
    assert failed.value.reason == reason
    assert wrong.password not in str(failed.value)
    assert wrong.server in str(failed.value)


def test_a_connection_that_died_while_idle_is_replaced(
    broker: Broker, topology: RabbitTopology, access: Access, way: Way
) -> None:
    there = replace(access, host="127.0.0.1", port=way.port)
    topology.ensure(there, queue())
    way.cut()
    assert topology.ensure(there, queue()) is False


@pytest.mark.timeout(40)
def test_a_broker_that_falls_silent_costs_a_bounded_time(
    topology: RabbitTopology, access: Access, way: Way
) -> None:
    there = replace(access, host="127.0.0.1", port=way.port)
    topology.ensure(there, queue())
    way.fall_silent()
    began = time.monotonic()
    with pytest.raises(BrokerUnreachableError):
        topology.ensure(there, queue(name="other"))
    assert time.monotonic() - began < 30


def test_connections_end_soon_after_they_are_not_wanted(
    broker: Broker, topology: RabbitTopology, access: Access, way: Way
) -> None:
    there = replace(access, host="127.0.0.1", port=way.port)
    topology.ensure(there, queue())
    assert way.open_connections() == 1
    deadline = time.monotonic() + 8
    while way.open_connections() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert way.open_connections() == 0


@pytest.fixture
def reader(broker: Broker, access: Access) -> Iterator[Access]:
    """Somebody who may read queues, and declare none."""
    api = f"{broker.management_uri}/api"
    admin = (broker.username, broker.password)
    name = f"reader-{broker.vhost}"
    requests.put(
        f"{api}/users/{name}", json={"password": "r3ader", "tags": ""}, auth=admin, timeout=5
    ).raise_for_status()
    rights = {"configure": "^$", "write": "^$", "read": ".*"}
    requests.put(
        f"{api}/permissions/{broker.vhost}/{name}", json=rights, auth=admin, timeout=5
    ).raise_for_status()
    yield replace(access, username=name, password="r3ader")
    broker.delete_user(name)


def test_a_user_without_the_right_is_told_so(topology: RabbitTopology, reader: Access) -> None:
    with pytest.raises(AccessRefusedError, match="ACCESS_REFUSED"):
        topology.ensure(reader, queue())
