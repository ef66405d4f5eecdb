"""Numbers of one measurement, as they are kept in docs/benchmarks.json."""

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def machine() -> str:
    """What this was measured on."""
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{platform.machine()}, {cores} cores, Linux {platform.release().split('-')[0]}"


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """All trials of one measurement.

    key: names it in the tables (bench/goals.py). size: how many WorkQueues there were, 0 where
    that does not matter. note: what this run was like, where runs may differ.
    """

    key: str
    size: int
    unit: str
    trials: Sequence[float]
    note: str = ""
    machine: str = field(default_factory=machine)
    date: str = field(default_factory=today)

    def quantile(self, share: float) -> float:
        """The trial that this share of all trials does not exceed (nearest rank)."""
        ordered = sorted(self.trials)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
