"""Can this machine do it? Asked before anything is touched, and answered all at once."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import binaries, gobuild
from cluster.addresses import HOST_LINK, NETWORKS
from cluster.commands import output
from cluster.errors import ClusterError
from cluster.ownership import Owner, current_owner, link_exists
from cluster.paths import Paths
from cluster.processes import is_running
from cluster.versions import GO_MINIMUM

GIB = 2**30
COLD_DISK_GIB = 16  # measured: 15 with the modules and caches of Go, all tests included
WARM_DISK_GIB = 3
MEMORY_GIB = 4
# From this version on Go fetches a newer toolchain by itself, when it is allowed to.
GO_FETCHES_ITSELF = (1, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found on the machine."""

    is_root: bool
    go_version: str | None  # such as go1.26.8; None without Go
    go_toolchain_local: bool
    binaries_cached: bool
    free_disk_bytes: int
    disk_folder: Path
    free_memory_bytes: int
    link_exists: bool
    owner: Owner | None
    owner_runs: bool
    routes: Sequence[str]  # destinations, in CIDR notation


def problems(facts: Facts, repository: Path) -> list[str]:
    """Return everything that stands in the way; each sentence says what to do."""
    found = [
        None if facts.is_root else "this needs root (namespaces, mounts, routes): run it with sudo",
        _go(facts),
        _disk(facts),
        _memory(facts),
        _instance(facts, repository),
        None if facts.link_exists else _routes(facts.routes),
    ]
    return [problem for problem in found if problem]


def _go(facts: Facts) -> str | None:
    wanted = ".".join(map(str, GO_MINIMUM))
    if facts.binaries_cached:
        return None
    if facts.go_version is None:
        return f"there is no Go on PATH: install Go {wanted} or newer (it builds Kubernetes here)"
    parsed = re.search(r"go(\d+)\.(\d+)", facts.go_version)
    have = (int(parsed[1]), int(parsed[2])) if parsed else (0, 0)
    needed = GO_MINIMUM if facts.go_toolchain_local else GO_FETCHES_ITSELF
    if have >= needed:
        return None
    return f"this is {facts.go_version}, too old for these modules: install Go {wanted} or newer"


def _disk(facts: Facts) -> str | None:
    needed = WARM_DISK_GIB if facts.binaries_cached else COLD_DISK_GIB
    free = facts.free_disk_bytes / GIB
    if free >= needed:
        return None
    return (
        f"{facts.disk_folder} has {free:.1f} GiB free, and {needed} GiB are needed: free some, or "
        "point XDG_CACHE_HOME to a larger disk"
    )


def _memory(facts: Facts) -> str | None:
    free = facts.free_memory_bytes / GIB
    if free >= MEMORY_GIB:
        return None
    return f"{free:.1f} GiB of memory are available, and {MEMORY_GIB} GiB are needed: end something"


def _instance(facts: Facts, repository: Path) -> str | None:
    if not facts.link_exists:
        return None
    if facts.owner is None:
        return f"a network link {HOST_LINK} exists and is not ours: `ip link delete {HOST_LINK}`"
    if facts.owner.repository == repository or not facts.owner_runs:
        return None
    return (
        f"another clone already runs its cluster: {facts.owner.repository} (process "
        f"{facts.owner.process.pid}). End it with `make -C {facts.owner.repository} cluster-down`"
    )


def _routes(routes: Sequence[str]) -> str | None:
    ours = [ipaddress.ip_network(network) for network in NETWORKS]
    for route in routes:
        network = ipaddress.ip_network(route, strict=False)
        taken = [str(own) for own in ours if network.version == 4 and network.overlaps(own)]
        if taken:
            return f"{taken[0]} is needed, but a route to {route} exists: remove it (VPN, Docker?)"
    return None


def check(paths: Paths) -> None:
    """Stop early, and say everything that is missing.

    Raises:
        ClusterError: with one line per problem.
    """
    found = problems(gather(paths), paths.repository)
    if found:
        raise ClusterError("this machine cannot run the cluster:\n  - " + "\n  - ".join(found))


def gather(paths: Paths) -> Facts:
    """Look at the machine."""
    go = gobuild.go_version()
    owner = current_owner()
    folder = next(path for path in [paths.cache, *paths.cache.parents] if path.exists())
    return Facts(
        is_root=os.geteuid() == 0,
        go_version=go,
        go_toolchain_local=go is not None and _go_env("GOTOOLCHAIN") == "local",
        binaries_cached=binaries.are_cached(paths),
        free_disk_bytes=shutil.disk_usage(folder).free,
        disk_folder=folder,
        free_memory_bytes=_available_memory(Path("/proc/meminfo").read_text()),
        link_exists=link_exists(),
        owner=owner,
        owner_runs=owner is not None and is_running(owner.process),
        routes=_routes_of_machine(),
    )


def _go_env(name: str) -> str:
    return output(["go", "env", name]).strip()


def _available_memory(meminfo: str) -> int:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _routes_of_machine() -> list[str]:
    if shutil.which("ip") is None:
        return []
    routes = json.loads(output(["ip", "-json", "route", "show"]) or "[]")
    return [route["dst"] for route in routes if route.get("dst", "default") != "default"]
