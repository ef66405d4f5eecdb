"""docs/benchmarks.json: every trial of the last run of each figure at each size."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figure
from tools.crd import REPOSITORY

RAW = REPOSITORY / "docs" / "benchmarks.json"
DIGITS = 4


def load(path: Path = RAW) -> list[Figure]:
    """What was measured last."""
    return [Figure(**each) for each in json.loads(path.read_text())["figures"]]


def merge(found: Sequence[Figure], path: Path = RAW) -> None:
    """Put these in place of older ones of the same figure and size; all others stay."""
    kept = {(each.key, each.size): each for each in load(path)}
    kept |= {(each.key, each.size): each for each in found}
    figures = [_plain(kept[where]) for where in sorted(kept)]
    path.write_text(json.dumps({"figures": figures}, indent=1) + "\n")


def _plain(figure: Figure) -> dict[str, object]:
    return asdict(figure) | {"trials": [round(each, DIGITS) for each in figure.trials]}
