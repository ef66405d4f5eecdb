"""The machine's own packages: installed with apt-get, and only when a tool is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from cluster.commands import run_logged
from cluster.console import step
from cluster.errors import ClusterError
from cluster.paths import Paths

# tool (or file) -> the Debian package that brings it
NODE_TOOLS: Mapping[str, str] = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "iptables": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "socat": "socat",
    "catatonit": "catatonit",
    "openssl": "openssl",
    "mount": "mount",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
IMAGE_TOOLS: Mapping[str, str] = {"buildah": "buildah", "debootstrap": "debootstrap"}


def present(tool: str) -> bool:
    """Say whether a program is on PATH, or a file given by its path exists."""
    return Path(tool).exists() if tool.startswith("/") else shutil.which(tool) is not None


def missing_packages(
    tools: Mapping[str, str], *, is_present: Callable[[str], bool] = present
) -> list[str]:
    """Return the packages to install, sorted, each once."""
    return sorted({package for tool, package in tools.items() if not is_present(tool)})


def install_missing(paths: Paths, tools: Mapping[str, str]) -> None:
    """Install what is missing, and say so.

    Raises:
        ClusterError: something is missing and this machine has no apt-get.
        CommandFailedError: apt-get failed.
    """
    packages = missing_packages(tools)
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise ClusterError(
            f"these tools are missing and there is no apt-get here: {' '.join(packages)}",
            ways_out="install them with the package manager of this machine, then run this again.",
        )
    with step(f"Installing {' '.join(packages)} with apt-get", usually_seconds=60):
        _apt_get(paths, "update")
        _apt_get(paths, "install", "--yes", "--no-install-recommends", *packages)


def _apt_get(paths: Paths, *arguments: str) -> None:
    run_logged(
        f"apt-get {arguments[0]}",
        ["apt-get", "--quiet", *arguments],
        log=paths.log("apt"),
        environment={"DEBIAN_FRONTEND": "noninteractive"},
        ways_out="see whether `apt-get update` works here, and run this again.",
    )
