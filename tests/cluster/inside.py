"""The cluster's own side of the namespaces: `python3 -m cluster.inside PROGRAMS`, under an init.

There is no default route here, so no packet of a pod or of a test can leave the machine. Mounts,
links, routes and processes made here end with the first process of the namespaces.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cluster.addresses import (
    BRIDGE,
    CLUSTER_ADDRESS,
    CLUSTER_LINK,
    NODE_ADDRESS,
    RUN_DIRECTORY,
    SERVICE_NETWORK,
)
from cluster.components import all_components
from cluster.leftovers import PRIVATE_FOLDERS
from cluster.paths import default_paths
from cluster.supervisor import Supervisor, start_logged

SYSTEM_CONTROLS = Path("/proc/sys/net/ipv4")
# With a limit of a billion files the broker's runtime would reserve gigabytes.
OPEN_FILES = 65536


def main(programs: str) -> None:
    """Prepare mounts and network, then keep the components running for good."""
    paths = default_paths()
    _mounts()
    _network()
    _limits()
    supervisor = Supervisor(start_logged(paths.logs), lambda text: print(text, flush=True))
    for component in all_components(paths, Path(programs)):
        supervisor.add(component)
    supervisor.run()


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def _mounts() -> None:
    """Make mounts visible to pods (kubelet wants that), and hide the machine's own folders."""
    _run("mount", "--make-rshared", "/")
    for folder in PRIVATE_FOLDERS:
        if Path(folder).is_dir():
            _run("mount", "-t", "tmpfs", "-o", "mode=755", "workqueue", folder)
    for folder in (RUN_DIRECTORY, "/run/netns", "/run/lock"):
        Path(folder).mkdir()


def _network() -> None:
    """One bridge for pods. Services lead there, too: one that is not programmed yet times out."""
    _run("ip", "link", "set", "lo", "up")
    _wait_for_link()
    commands: Sequence[str] = (
        f"address add {CLUSTER_ADDRESS}/30 dev {CLUSTER_LINK}",
        f"link set {CLUSTER_LINK} up",
        f"link add {BRIDGE} type bridge",
        f"address add {NODE_ADDRESS}/16 dev {BRIDGE}",
        f"link set {BRIDGE} up",
        f"route add {SERVICE_NETWORK} dev {BRIDGE}",
    )
    for command in commands:
        _run("ip", *command.split())
    SYSTEM_CONTROLS.joinpath("ip_forward").write_text("1")
    # A connection that nobody answers any more keeps the namespace: give it up after seconds.
    SYSTEM_CONTROLS.joinpath("tcp_orphan_retries").write_text("1")


def _wait_for_link(timeout_seconds: float = 20) -> None:
    """Wait until the other side has moved the link in; without it this process ends."""
    deadline = time.monotonic() + timeout_seconds
    show = ["ip", "link", "show", CLUSTER_LINK]
    while subprocess.run(show, capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            sys.exit(f"the link {CLUSTER_LINK} did not appear within {timeout_seconds:.0f} s")
        time.sleep(0.05)


def _limits() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


if __name__ == "__main__":
    main(sys.argv[1])
