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

from cluster import leftovers, ownership, processes
from cluster.addresses import (
    CLUSTER_ADDRESS,
    CLUSTER_LINK,
    HOST_ADDRESS,
    HOST_LINK,
    POD_NETWORK,
    SERVICE_NETWORK,
)
from cluster.commands import output, telling_lines
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
START_SECONDS = 20
END_SECONDS = 20


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


def start(paths: Paths, programs: Path) -> ProcessId:
    """Start the process tree, and connect it to the machine.

    Raises:
        CommandFailedError: it ended at once; with its own words.
    """
    leftovers.make_private_folders(paths.made)
    log = paths.log("cluster")
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*UNSHARE, sys.executable, "-m", "cluster.inside", str(programs)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=paths.state,
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        )
    first = processes.identify(process.pid)
    if first:
        processes.save(paths.process, first)
    init = _wait(lambda: processes.child_of(process.pid), START_SECONDS)
    if first is None or init is None:
        lines = telling_lines(log.read_text())
        raise CommandFailedError("starting the cluster's namespaces", lines=lines, log=log)
    _connect(paths, first, init)
    return first


def _connect(paths: Paths, first: ProcessId, init: int) -> None:
    """Lay the link and the routes. All of them vanish with the network namespace."""
    alias = ownership.describe(Owner(paths.repository, first))
    peer = ["peer", "name", CLUSTER_LINK, "netns", str(init)]
    output(["ip", "link", "add", HOST_LINK, "type", "veth", *peer])
    output(["ip", "link", "set", HOST_LINK, "alias", alias])
    output(["ip", "address", "add", HOST_ADDRESS, "dev", HOST_LINK])
    output(["ip", "link", "set", HOST_LINK, "up"])
    for network in (POD_NETWORK, SERVICE_NETWORK):
        output(["ip", "route", "add", network, "via", CLUSTER_ADDRESS])


def end(paths: Paths) -> bool:
    """End exactly the tree that was started, and wait until nothing is left of it.

    Returns:
        False when nothing ran.
    """
    first = running(paths)
    if first:
        init = processes.child_of(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        gone = _wait(lambda: not _left(first, init), END_SECONDS)
        if not gone:
            raise ClusterError(f"process {first.pid} or its network link is still there")
    left = leftovers.remove(paths.made)
    if left:
        say(f"Left in place, because something uses it: {', '.join(map(str, left))}")
    paths.process.unlink(missing_ok=True)
    return first is not None


def _left(first: ProcessId, init: int | None) -> bool:
    alive = processes.is_running(first) or (init is not None and Path(f"/proc/{init}").exists())
    return alive or ownership.link_exists()


def _wait(ask: Callable[[], Answer], timeout_seconds: float) -> Answer:
    """Ask until the answer is true or the time is over; return the last answer."""
    deadline = time.monotonic() + timeout_seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer
