"""Processes of the project's own cluster, as this machine sees them: for real signals."""

import os
import signal
import time
from pathlib import Path


def find(program: str, environment: str = "") -> int:
    """The one process with `program` among its words and `environment` in its environment.

    Raises:
        AssertionError: there is none, or there are several.
    """
    found = [pid for pid in _pids() if _matches(pid, program, environment)]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} processes run {program!r} with {environment!r}")
    return found[0]


def kill_worker(pod: str) -> None:
    """SIGKILL the worker in this pod, in the middle of whatever it does."""
    os.kill(find("workqueue-worker", f"WORKQUEUE_POD_NAME={pod}"), signal.SIGKILL)


def terminate(pid: int, *, seconds: float) -> float:
    """SIGTERM, and wait until it has ended. Returns how long that took.

    Raises:
        AssertionError: it is still there after `seconds`.
    """
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while time.monotonic() - began < seconds:
        if not _runs(pid):
            return time.monotonic() - began
        time.sleep(0.01)
    raise AssertionError(f"process {pid} still runs {seconds:.0f} s after SIGTERM")


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _matches(pid: int, program: str, environment: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False  # it ended while we looked
    runs = any(word.decode(errors="replace").endswith(program) for word in words)
    return runs and (not environment or environment.encode() in variables)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
