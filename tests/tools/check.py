"""Everything that can be checked without a cluster, three checks at a time.

    python -m tools.check              all of them
    python -m tools.check types lint   only these

Each check writes its own log; a failure prints the end of it, and where the rest is.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tools.step import log_of

SHOWN_LINES = 30
SOURCES = ("operator/src", "worker-image/src", "producer/src", "tests")
PYTHON = sys.executable
CORE = "tests/unit/core"

CHECKS: Mapping[str, tuple[str, ...]] = {
    "types": (PYTHON, "-m", "mypy"),
    # Half of these wait for sockets and clocks, so they run beside those that compute.
    "tests": (PYTHON, "-m", "pytest", "-q", "tests/unit", f"--ignore={CORE}"),
    "core": (PYTHON, "-m", "pytest", "-q", CORE, "tests/contract", "--cov", "--cov-report=term"),
    "chart": (PYTHON, "-m", "tools.chart_check"),
    "format": (PYTHON, "-m", "ruff", "format", "--check", *SOURCES),
    "lint": (PYTHON, "-m", "ruff", "check", *SOURCES),
    "imports": ("lint-imports",),
}
HINTS: Mapping[str, str] = {
    "format": "make fmt",
    "lint": "make fmt mends most of it; see pyproject.toml for the rules",
    "imports": "CONTRIBUTING.md tells which layer may import which",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How one check ended."""

    name: str
    passed: bool
    seconds: float
    output: str
    log: str

    def report(self) -> str:
        """One line when it passed; else the end of its output and what to do."""
        if self.passed:
            return f"  ok    {self.name:<8} {self.seconds:4.0f} s"
        shown = "".join(f"\n  | {line}" for line in self.output.splitlines()[-SHOWN_LINES:])
        hint = f"\n  what to do: {HINTS[self.name]}" if self.name in HINTS else ""
        again = f"\n  only this one: make check ONLY={self.name}"
        return f"  FAILED {self.name}{shown}\n  full log: {self.log}{hint}{again}"


def run(name: str, argv: Sequence[str]) -> Result:
    """Run one check and keep what it prints."""
    log, start = log_of(f"check {name}"), time.monotonic()
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_paths()
    )
    output = done.stdout + done.stderr
    log.write_text(output)
    return Result(name, done.returncode == 0, time.monotonic() - start, output, str(log))


def _paths() -> dict[str, str]:
    """The environment in which import-linter and `python -m tools...` find our packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}


def main(names: Sequence[str]) -> int:
    """Run the checks named, or all, and tell how each ended. Returns the code to leave with."""
    unknown = set(names) - CHECKS.keys()
    if unknown:
        print(f"error: no check is called {sorted(unknown)}; there are {sorted(CHECKS)}")
        return 2
    with ThreadPoolExecutor(max_workers=3) as pool:
        running = [pool.submit(run, name, CHECKS[name]) for name in names or CHECKS]
        results = [_told(future.result()) for future in as_completed(running)]
    return 0 if all(result.passed for result in results) else 1


def _told(result: Result) -> Result:
    print(result.report(), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
