"""What tests of all kinds of connections share."""

from collections.abc import Iterator

import pytest

from integration.broker.readings import Told
from workqueue_operator.broker.topology import RabbitTopology


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
