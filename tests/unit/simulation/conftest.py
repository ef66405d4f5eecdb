"""A trace in a file."""

from pathlib import Path

import pytest


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    """40 tasks within ten minutes."""
    path = tmp_path / "tasks.csv"
    lines = [f"{15 * number + number % 4},{5 + number % 9}" for number in range(40)]
    path.write_text("\n".join(["arrival_seconds,duration_seconds", *lines]) + "\n")
    return str(path)
