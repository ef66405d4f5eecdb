"""Run other programs: output to a log file, and the lines that matter when they fail."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cluster.errors import ClusterError, CommandFailedError

TELLING = re.compile(
    r"error|fatal|fail|denied|cannot|can't|no such|not found|unable|^E:", re.IGNORECASE
)
SHOWN_LINES = 12


def telling_lines(text: str, *, limit: int = SHOWN_LINES) -> list[str]:
    """Return the last lines that say why, or simply the last ones when none does."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if TELLING.search(line)]
    return (telling or lines)[-limit:]


def run_logged(
    what: str,
    argv: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    ways_out: str = "",
) -> None:
    """Run a command with its output in `log`.

    Raises:
        CommandFailedError: it ended with a code other than 0, or is not installed.
    """
    with log.open("a") as sink:
        sink.write(f"$ {' '.join(str(word) for word in argv)}\n")
        start = sink.tell()
        code = _pump(argv, sink.write, on_line, environment, folder)
    if code != 0:
        with log.open() as source:
            source.seek(start)
            lines = telling_lines(source.read())
        raise CommandFailedError(what, lines=lines, log=log, ways_out=ways_out)


def _pump(
    argv: Sequence[str | Path],
    write: Callable[[str], object],
    on_line: Callable[[str], None] | None,
    environment: Mapping[str, str] | None,
    folder: Path | None,
) -> int:
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=None if environment is None else {**os.environ, **environment},
        cwd=folder,
    )
    with process:
        for line in process.stdout or ():
            write(line)
            if on_line:
                on_line(line)
    return process.returncode


def output(argv: Sequence[str | Path], *, stdin: str | None = None) -> str:
    """Return what a short command prints.

    Raises:
        ClusterError: it is not there or failed; with its own words.
    """
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ClusterError(f"{argv[0]} is not installed") from error
    if done.returncode != 0:
        words = " ".join(str(word) for word in argv[:4])
        raise ClusterError(f"`{words} ...` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Say whether a short command ends with 0; its output is thrown away."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
