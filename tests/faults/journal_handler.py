"""The handler under faults: writes what it does into the journal, and waits until it is kept.

A task is JSON: {"n": 17, "ms": 120, "then": "ok" | "fail" | "dead"}; "fail" fails once. Each
process has a name of its own, so that a worker before and after its death are told apart.
"""

import json
import os
import socket
import time
import uuid
from io import BufferedRWPair
from itertools import count
from typing import Any

from workqueue_worker import DeadLetter

PATIENCE_SECONDS = 60
PROCESS = uuid.uuid4().hex[:12]
_numbers = count()


class Line:
    """The connection to the journal; it is kept from task to task."""

    def __init__(self) -> None:
        self._stream: BufferedRWPair | None = None

    def say(self, entry: dict[str, Any]) -> None:
        """Return once it is kept. Said again after a loss, so the same `id` may be there twice."""
        text = json.dumps(entry).encode() + b"\n"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._say(text)
            except OSError:
                self._stream = None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _say(self, text: bytes) -> None:
        if self._stream is None:
            host, port = os.environ["JOURNAL"].rsplit(":", 1)
            connection = socket.create_connection((host, int(port)), timeout=10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._stream = connection.makefile("rwb")
        self._stream.write(text)
        self._stream.flush()
        if self._stream.readline() != b"ok\n":
            raise ConnectionError("the journal did not answer")


_line = Line()


def note(what: str, n: int, attempt: int) -> None:
    """Write one entry."""
    entry = {"id": f"{PROCESS}-{next(_numbers)}", "what": what, "n": n, "attempt": attempt}
    place = {"queue": os.environ["WORKQUEUE_QUEUE"], "pod": os.environ["WORKQUEUE_POD_NAME"]}
    _line.say({**entry, **place, "process": PROCESS})


def work(task: Any) -> None:
    """Do one task."""
    asked = task.json()
    n, attempt = asked["n"], task.attempt
    note("started", n, attempt)
    time.sleep(asked["ms"] / 1000)
    if asked["then"] == "dead":
        note("dead", n, attempt)
        raise DeadLetter("told to die")
    if asked["then"] == "fail" and attempt == 1:
        note("failed", n, attempt)
        raise RuntimeError("told to fail once")
    note("completed", n, attempt)
