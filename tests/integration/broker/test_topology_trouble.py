"""A broker that refuses, or that does not answer: what it is called, and how long it takes."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from integration.broker.specs import queue
from integration.broker.way import Way
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    AccessRefusedError,
    BrokerError,
    BrokerUnreachableError,
    InvalidQueueError,
    QueueLockedError,
)


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


@pytest.mark.timeout(240)
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
