"""What producers, and handlers over it, may say that nobody expects: it never ends a worker."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.worker.bench import Bench
from integration.worker.harness import eventually


class Milliseconds(datetime):
    """A time stamp whose producer took milliseconds for seconds: the year 55840 and so on."""

    def utctimetuple(self) -> Any:
        return (1970, 1, 1, 0, 0, 1_700_000_000_000)


NOW = Milliseconds(2026, 1, 1, tzinfo=UTC)

ODD: dict[str, dict[str, Any]] = {
    "a time beyond the calendar": {"headers": {"sent": NOW, "trail": [{"at": NOW}]}},
    "an id that is no text": {"message_id": b"\xff\xfe"},
    "a type and a name that are no text": {"type": b"\xff", "headers": {b"\xff": "x"}},
    "an id with a zero": {"message_id": "a\0b"},
    "attempts beyond all numbers": {"headers": {"x-workqueue-attempts": 2**63 - 1}},
    "a priority beyond all": {"headers": {"x-workqueue-priority": 300}},
}

BINDINGS = {
    "python": '{"python": "odd_handlers:fail"}',
    "command": '{"command": ["sh", "-c", "exit 65"]}',
}

HANDLERS = """
def fail(task):
    raise ValueError("no file \\udcff")
"""


@pytest.mark.parametrize("binding", sorted(BINDINGS))
@pytest.mark.parametrize("odd", sorted(ODD))
def test_given_an_odd_message_then_it_fails_as_others_do_and_the_worker_lives_on(
    bench: Bench, tmp_path: Path, binding: str, odd: str
) -> None:
    (tmp_path / "odd_handlers.py").write_text(HANDLERS)
    bench.declare().publish_bytes(b"x", **ODD[odd])
    worker = bench.start(HANDLER=BINDINGS[binding], MAX_ATTEMPTS="2")
    eventually(lambda: bench.ready("tasks.dead") or worker.process.poll(), what="a dead letter")
    assert worker.process.poll() is None, worker.log_file.read_text()[-2000:]
    assert bench.ready("tasks.dead") == 1
