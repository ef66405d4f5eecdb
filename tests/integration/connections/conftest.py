"""What tests of all kinds of connections share."""

from collections.abc import Iterator

import pytest

from integration.broker.readings import Told
from integration.connections.safe_ways import Brokers
from kit.safe_nodes import safe_nodes
from workqueue_operator.broker.topology import RabbitTopology


@pytest.fixture(scope="module")
def brokers() -> Iterator[Brokers]:
    """Begun once for each file: other folders need the place of these nodes, too."""
    with safe_nodes() as (first, second):
        yield Brokers(first, second)


@pytest.fixture
def told() -> Iterator[Told]:
    """Monitors and what they tell."""
    made = Told()
    yield made
    made.monitors.close()


@pytest.fixture
def topology() -> Iterator[RabbitTopology]:
    made = RabbitTopology()
    yield made
    made.close()
