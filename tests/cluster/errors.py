"""What can go wrong, told so that the reader knows what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class ClusterError(Exception):
    """Expected trouble: printed without a traceback, and the command ends with 1."""

    def __init__(self, problem: str, *, ways_out: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.ways_out = ways_out

    def report(self) -> str:
        """Return the text for the terminal, several lines without a final newline."""
        hint = f"\n  what to do: {self.ways_out}" if self.ways_out else ""
        return f"error: {self.problem}{hint}"


class CommandFailedError(ClusterError):
    """A command ended with a code other than 0; `lines` are those that say why."""

    def __init__(self, what: str, *, lines: Sequence[str], log: Path, ways_out: str = "") -> None:
        super().__init__(f"{what} failed", ways_out=ways_out)
        self.lines = list(lines)
        self.log = log

    def report(self) -> str:
        quoted = "".join(f"\n  | {line}" for line in self.lines)
        hint = f"\n  what to do: {self.ways_out}" if self.ways_out else ""
        return f"error: {self.problem}{quoted}\n  full log: {self.log}{hint}"
