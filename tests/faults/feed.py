"""Publishes the tasks of one queue, lot by lot, with the producer's own command."""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from faults.notes import Chunk
from tools.crd import REPOSITORY

Json = dict[str, Any]

SHORT_MS = (5, 200)
LONG_MS = 10_000
FAIL_EVERY, DEAD_EVERY = 50, 100
RETRY_SECONDS = 180
"""How long a producer tries: longer than any outage here, as a user would have it."""


def tasks(count: int, long: int, *, seed: int) -> list[Json]:
    """Numbered tasks; the long ones are spread evenly, every 50th fails once, every 100th dies."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, and no secret
    return [
        {"n": n, "ms": _milliseconds(n, count, long, chance), "then": _then(n)}
        for n in range(count)
    ]


def _milliseconds(n: int, count: int, long: int, chance: random.Random) -> int:
    is_long = (n + 1) * long // count > n * long // count
    return LONG_MS if is_long else chance.randint(*SHORT_MS)


def _then(n: int) -> str:
    if n % DEAD_EVERY == DEAD_EVERY // 2:
        return "dead"
    return "fail" if n % FAIL_EVERY == 1 else "ok"


def lots(these: Sequence[Json], count: int) -> list[Sequence[Json]]:
    """In so many parts of about the same size."""
    borders = [len(these) * i // count for i in range(count + 1)]
    return [these[a:b] for a, b in pairwise(borders) if b > a]


@dataclass(slots=True)
class Feed:
    """One queue's publisher.

    broker_dir: the Secret's files, as they are now; a rotation writes new ones.
    every_seconds: between the starts of two lots, until `hurry` is set.
    """

    queue: str
    vhost: str
    lots: Sequence[Sequence[Json]]
    every_seconds: float
    broker_dir: Path
    hurry: threading.Event
    chunks: list[Chunk] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Publish everything. What a producer could not publish is told, and is not lost."""
        for lot in self.lots:
            began = time.monotonic()
            self.chunks.append(self._publish(lot))
            self.hurry.wait(max(0.0, began + self.every_seconds - time.monotonic()))

    def confirmed(self) -> int:
        """How many so far."""
        return sum(len(chunk.confirmed) for chunk in self.chunks)

    def _publish(self, lot: Sequence[Json]) -> Chunk:
        with tempfile.NamedTemporaryFile("w", suffix=".tasks") as file:
            file.writelines(json.dumps(task) + "\n" for task in lot)
            file.flush()
            done = subprocess.run(
                [sys.executable, "-m", "workqueue_producer", *self._words(file.name)],
                env=os.environ | {"PYTHONPATH": str(REPOSITORY / "producer" / "src")},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            self.trouble.append(f"{self.queue}: {done.stderr.strip()[-500:]}")
        if done.returncode not in {0, 1, 3}:
            raise AssertionError(f"the producer left with {done.returncode}: {done.stderr}")
        return chunk([task["n"] for task in lot], json.loads(done.stdout), time.time())

    def _words(self, file: str) -> list[str]:
        where = ["--queue", self.queue, "--vhost", self.vhost, "--broker-dir", str(self.broker_dir)]
        how = ["--retry-seconds", str(RETRY_SECONDS), "--output", "json"]
        return ["publish", "--file", file, *where, *how]


def chunk(numbers: Sequence[int], summary: Json, ended_at: float) -> Chunk:
    """Read the producer's summary: lines count from 1.

    Raises:
        AssertionError: it names fewer tasks than it counts.
    """
    unsent = summary["unsent_from"]
    sent = numbers if unsent is None else numbers[: unsent - 1]
    not_confirmed = {numbers[each["line"] - 1] for each in summary["not_confirmed"]}
    confirmed = frozenset(sent) - not_confirmed
    if len(confirmed) != summary["confirmed"]:
        raise AssertionError(f"{len(confirmed)} tasks are confirmed by name, but {summary}")
    return Chunk(
        published=frozenset(sent),
        confirmed=confirmed,
        resent=summary["resent"],
        ended_at=ended_at,
    )
