"""One bench per test: a queue of its own on the real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.worker.bench import Bench
from kit.rabbit import Broker


@pytest.fixture
def bench(broker: Broker, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(broker, tmp_path)
    yield made
    made.close()
