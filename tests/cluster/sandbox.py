"""The process tree of the cluster, seen from the machine: start it, find it, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cluster import leftovers, link, ownership, processes
from cluster.commands import telling_lines
from cluster.console import say
from cluster.errors import ClusterError, CommandFailedError
from cluster.ownership import Owner
from cluster.paths import PACKAGE, Paths
from cluster.processes import ProcessId

UNSHARE = (
    *("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"),
    *("--mount-proc", "--propagation", "private", "catatonit", "--"),
)
Answer = TypeVar("Answer")
WAIT_SECONDS = 20


def running(paths: Paths) -> ProcessId | None:
    """Return the first process of this clone's cluster, when it runs.

    The link's own record is asked, too: it still knows when the state folder was deleted.
    """
    known = processes.load(paths.process)
    if known and processes.is_running(known):
        return known
    owner = ownership.current_owner()
    mine = owner is not None and owner.repository == paths.repository
    return owner.process if owner and mine and processes.is_running(owner.process) else None


def start(paths: Paths, programs: Path) -> None:
    """Start the process tree, and connect it to the machine; what fails is ended again.

    Raises:
        CommandFailedError: it ended at once; with its own words.
        ClusterError: it could not be connected.
    """
    leftovers.make_private_folders(paths.made)
    link.remove()  # of a cluster that lost its processes: preflight has seen that nobody uses it
    process = _spawn(paths, programs)
    first = processes.identify(process.pid)
    init = _wait(lambda: processes.child_of(process.pid), WAIT_SECONDS)
    if first is None or init is None:
        log = paths.log("cluster")
        lines = telling_lines(log.read_text())
        raise CommandFailedError("starting the cluster's namespaces", lines=lines, log=log)
    processes.save(paths.process, first)
    try:
        link.lay(Owner(paths.repository, first), init)
    except ClusterError:
        end(paths)
        raise


def _spawn(paths: Paths, programs: Path) -> subprocess.Popen[bytes]:
    with paths.log("cluster").open("ab") as sink:
        return subprocess.Popen(
            [*UNSHARE, sys.executable, "-m", "cluster.inside", str(programs)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=paths.state,
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        )


def end(paths: Paths) -> bool:
    """End exactly the tree that was started, and wait until nothing is left of it.

    Returns:
        False when nothing ran.
    """
    first = running(paths)
    if first:
        init = processes.child_of(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        if not _wait(lambda: _is_over(first, init), WAIT_SECONDS):
            raise ClusterError(f"process {first.pid} does not end", ways_out="see `dmesg`.")
    owner = ownership.current_owner()
    if owner and owner.repository == paths.repository:
        link.remove()
    left = leftovers.remove(paths.made)
    if left:
        say(f"Left in place, because something uses it: {', '.join(map(str, left))}")
    paths.process.unlink(missing_ok=True)
    return first is not None


def _is_over(first: ProcessId, init: int | None) -> bool:
    """Say whether the tree is gone: the init is the last of it, the kernel waits for the others."""
    return not processes.is_running(first) and (init is None or processes.identify(init) is None)


def _wait(ask: Callable[[], Answer], timeout_seconds: float) -> Answer:
    """Ask until the answer is true or the time is over; return the last answer."""
    deadline = time.monotonic() + timeout_seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
