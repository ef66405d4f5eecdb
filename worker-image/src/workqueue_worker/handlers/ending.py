"""How programs end: by themselves, by a signal, and with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

OUT_OF_MEMORY = "killed by SIGKILL, probably out of memory"


def said(code: int) -> str:
    """A return code of subprocess, in words."""
    if code >= 0:
        return f"exit {code}"
    if -code == signal.SIGKILL:
        return OUT_OF_MEMORY
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {-code}"


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Look without collecting it: until then its group's id cannot be given to others."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, options) is not None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group that it leads, and collect it."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _reap_orphans()


def _reap_orphans() -> None:
    """As process 1 of a container we inherit what the program leaves, and must collect it.

    What is still dying at this moment is collected after the next task.
    """
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
