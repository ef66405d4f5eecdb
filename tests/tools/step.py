"""Run one long step of make: its output in a log, and on failure the lines that matter.

python -m tools.step "integration tests" --usual 120 --hint "..." -- pytest tests/integration
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from cluster.commands import run_logged
from cluster.console import step
from cluster.errors import CommandFailedError

LOGS = Path("build/logs")
PERCENT = re.compile(r"\[\s*(\d+)%\]")


def how_far(line: str) -> str | None:
    """What a line of pytest's output says about the progress, if it says anything."""
    found = PERCENT.search(line)
    return f"{found[1]} %" if found else None


def log_of(title: str, folder: Path = LOGS) -> Path:
    """The step's log, empty at its start."""
    log = folder / f"{re.sub(r'[^a-z0-9.]+', '-', title.lower())}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    return log


def run(title: str, argv: Sequence[str], *, usually_seconds: float, hint: str) -> int:
    """Run the step and tell how it ended. Returns the code to leave with."""
    log = log_of(title)
    try:
        with step(title, usually_seconds=usually_seconds, stream=sys.stdout) as shown:

            def follow(line: str) -> None:
                shown.how_far = how_far(line) or shown.how_far

            run_logged(title, argv, log=log, on_line=follow, ways_out=hint)
    except CommandFailedError as error:
        print(error.report(), file=sys.stderr, flush=True)
        return 1
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and run the step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("title")
    parser.add_argument("--usual", type=float, required=True, help="seconds it usually takes")
    parser.add_argument("--hint", default="", help="what to do when it fails")
    parser.add_argument("argv", nargs="+", metavar="-- COMMAND")
    given = parser.parse_args(words)
    return run(given.title, given.argv, usually_seconds=given.usual, hint=given.hint)


if __name__ == "__main__":
    sys.exit(main())
