"""What the tests of broker/ share. The fixture `broker` comes from tests/conftest.py."""

from collections.abc import Iterator
from typing import Any

import pika
import pytest

from integration.broker.readings import Told
from integration.broker.way import Hole, Way
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access


@pytest.fixture
def access(broker: Broker) -> Access:
    """The test's own vhost, over AMQP alone."""
    return Access(
        host=broker.host,
        port=broker.port,
        tls=False,
        vhost=broker.vhost,
        username=broker.username,
        password=broker.password,
    )


@pytest.fixture
def topology() -> Iterator[RabbitTopology]:
    made = RabbitTopology()
    yield made
    made.close()


@pytest.fixture
def told() -> Iterator[Told]:
    """Monitors and what they tell."""
    made = Told()
    yield made
    made.monitors.close()


@pytest.fixture
def way(broker: Broker) -> Iterator[Way]:
    made = Way(broker.host, broker.port)
    yield made
    made.close()


@pytest.fixture
def hole() -> Iterator[Hole]:
    made = Hole()
    yield made
    made.close()


@pytest.fixture
def channel(broker: Broker) -> Iterator[Any]:
    """A client's channel, publishing with confirms."""
    credentials = pika.PlainCredentials(broker.username, broker.password)
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(broker.host, broker.port, broker.vhost, credentials)
    )
    made = connection.channel()
    made.confirm_delivery()
    yield made
    if connection.is_open:
        connection.close()
