"""Numbers of one measurement, and how they are told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """All trials of one measurement. unit: s or MiB."""

    name: str
    unit: str
    trials: Sequence[float]

    def quantile(self, share: float) -> float:
        """The trial that this share of all trials does not exceed (nearest rank)."""
        ordered = sorted(self.trials)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def row(self) -> str:
        """A row of the table: n, minimum, median, p99, maximum."""
        values = [min(self.trials), self.quantile(0.5), self.quantile(0.99), max(self.trials)]
        cells = " | ".join(f"{value:.2f}" for value in values)
        return f"| {self.name} | {self.unit} | {len(self.trials)} | {cells} |"
