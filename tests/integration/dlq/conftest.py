"""What the tests of `workqueue dlq` share. The fixture `broker` comes from tests/conftest.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.dlq.dlq_rig import Rig, rig
from kit.rabbit import Broker


@pytest.fixture
def dlq(broker: Broker, tmp_path: Path) -> Iterator[Rig]:
    """Queue mail and its dead letters, behind a small API server."""
    with rig(broker, tmp_path) as made:
        yield made
