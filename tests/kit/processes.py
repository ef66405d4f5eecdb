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


def find_operator() -> int:
    """The operator in its pod, whatever else of it runs on this machine."""
    return find("workqueue_operator", "KUBERNETES_SERVICE_PORT=443")


def kill_worker(pod: str) -> None:
    """SIGKILL the worker in this pod, in the middle of whatever it does."""
    kill(find("workqueue-worker", f"WORKQUEUE_POD_NAME={pod}"))


def workers() -> dict[str, int]:
    """Pod -> process of every worker that runs on this machine."""
    found = {}
    for pid in _pids():
        if _matches(pid, "workqueue-worker", "") and (pod := _variable(pid, "WORKQUEUE_POD_NAME")):
            found[pod] = pid
    return found


def kill_broker() -> None:
    """SIGKILL the broker in its pod: no word to anybody, nothing put in order."""
    kill(find("beam.smp", "KUBERNETES_SERVICE_PORT=443"))


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)


def kill_if_there(pid: int) -> bool:
    """SIGKILL; says whether there was such a process."""
    try:
        kill(pid)
    except ProcessLookupError:
        return False
    return True


def seconds_to_end(pid: int, *, since: float, limit_seconds: float) -> float:
    """Wait until it has ended. Returns how long that took; since: monotonic seconds.

    Raises:
        AssertionError: it is still there after `limit_seconds`.
    """
    while time.monotonic() - since < limit_seconds:
        if not _runs(pid):
            return time.monotonic() - since
        time.sleep(0.01)
    raise AssertionError(f"process {pid} still runs after {limit_seconds:.0f} s")


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


def _variable(pid: int, name: str) -> str:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""  # it ended while we looked
    start = f"{name}=".encode()
    found = (each.removeprefix(start) for each in variables if each.startswith(start))
    return next(found, b"").decode()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
