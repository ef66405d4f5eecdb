"""docs/reliability.json: what became of the tasks in the last run of each fault."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import machine, today
from tools.crd import REPOSITORY

RAW = REPOSITORY / "docs" / "reliability.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One fault and one queue. `again`: each further start with its cause and its incident."""

    fault: str
    queue: str
    strikes: Mapping[str, int]
    workers: int
    seconds: float
    published: int
    confirmed: int
    started: int
    completed: int
    dead: int
    lost: Sequence[int]
    again: Sequence[Mapping[str, Any]]
    in_flight: int
    just_done: int
    completed_twice: Mapping[str, int]
    scale_downs: int
    wrong_scale_downs: Sequence[str]
    recovery_seconds: Sequence[float]
    complaints: Sequence[str]
    machine: str = field(default_factory=machine)
    date: str = field(default_factory=today)


def load(path: Path = RAW) -> list[Run]:
    """The last run of each fault and queue."""
    return [Run(**each) for each in json.loads(path.read_text())["runs"]]


def merge(found: Sequence[Run], path: Path = RAW) -> None:
    """Put these in place of older ones of the same fault and queue; all others stay."""
    kept = {(each.fault, each.queue): each for each in [*load(path), *found]}
    runs = [asdict(kept[where]) for where in sorted(kept)]
    path.write_text(json.dumps({"runs": runs}, indent=1) + "\n")
