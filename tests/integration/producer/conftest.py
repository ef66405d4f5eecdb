"""The rig for the producer's tests; the fixture `broker` comes from tests/conftest.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from integration.producer.producer_rig import Rig
from kit.rabbit import Broker


@pytest.fixture
def rig(broker: Broker, tmp_path: Path) -> Iterator[Rig]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with requests.Session() as http:
        http.auth = (broker.username, broker.password)
        made = Rig(broker, folder, http)
        yield made
        made.tidy()
