"""The rig for the producer's tests; the fixture `broker` comes from tests/conftest.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.producer.producer_rig import Rig
from kit.rabbit import Broker


@pytest.fixture
def rig(broker: Broker, tmp_path: Path) -> Iterator[Rig]:
    with Rig.of(broker, tmp_path / "broker") as made:
        yield made
