"""The rights that docs/permissions.md tells of; the page is their only home."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def rights_of(who: str, queue: str) -> dict[str, str]:
    """The three expressions of a row, for a queue of this name."""
    for row in _rows("rights"):
        if row["who"] == who:
            kinds = ("configure", "write", "read")
            return {kind: _code(row[kind]).replace("NAME", re.escape(queue)) for kind in kinds}
    raise AssertionError(f"{PAGE} has no row {who!r}")


def tags() -> Mapping[str, str]:
    """Each tag, with what it is for."""
    return {_code(row["tag"]): row["for"] for row in _rows("tags")}


def _rows(mark: str) -> list[dict[str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split(f"<!-- {mark}:begin -->")[1].split(f"<!-- {mark}:end -->")[0]
    lines = [_cells(line) for line in table.strip().splitlines()]
    return [dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _code(cell: str) -> str:
    return cell.strip("`")
