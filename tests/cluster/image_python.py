"""Runs a command with the Python of the images, so that tests run on what is shipped.

The command sees the repository, the cache and /tmp at their own paths, and the tools of
requirements/dev.txt in a virtual environment of its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cluster import rootfs
from cluster.cache import cached, content_key
from cluster.commands import run_logged
from cluster.console import step
from cluster.errors import ClusterError
from cluster.machine import pip_settings
from cluster.paths import PACKAGE, Paths

VENV = "/opt/venv"  # where every such environment is mounted: its scripts name their own path
ENTER = PACKAGE / "enter-root.sh"


def run(paths: Paths, argv: list[str]) -> int:
    """Run a command in the repository, and return its exit code."""
    if os.geteuid() != 0:
        raise ClusterError("this needs root (chroot): run it with sudo")
    venv = _environment(paths)
    return subprocess.run(
        _enter(paths, venv, argv),
        env={**os.environ, **_variables()},
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def environment_name(lock: bytes) -> str:
    """Return the cache name of the virtual environment that a lock file asks for."""
    return f"dev-{content_key(rootfs.base_name(), lock)}"


def _environment(paths: Paths) -> Path:
    lock = paths.repository / "requirements" / "dev.txt"

    def build(target: Path) -> None:
        pip = [
            f"{VENV}/bin/pip",
            "install",
            "--no-deps",
            "--require-hashes",
            "--disable-pip-version-check",
        ]
        with step("Installing the tools for the images' Python", usually_seconds=60):
            for argv in (["python3", "-m", "venv", VENV], [*pip, f"--requirement={lock}"]):
                run_logged(
                    "installing the tools for the images' Python",
                    _enter(paths, target, argv),
                    log=paths.log("image-python"),
                    environment=_variables(),
                    ways_out="see whether pip works on this machine, and run this again.",
                )

    return cached(paths.cache / "venvs", environment_name(lock.read_bytes()), build)


def _enter(paths: Paths, venv: Path, argv: list[str]) -> list[str]:
    """Return the command line that enters the base root file system for one command.

    The mounts live in a mount namespace of their own and end with it.
    """
    root = rootfs.root_filesystem(paths) / "root"
    unshare = ["unshare", "--mount", "--propagation", "private", "sh", str(ENTER)]
    where = [str(root), str(paths.repository), f"{venv}:{VENV}"]
    return [*unshare, *where, *_binds(paths), "--", *argv]


def _binds(paths: Paths) -> list[str]:
    same = [paths.repository, paths.cache, *map(Path, ("/etc/resolv.conf", "/etc/hosts"))]
    same.append(Path("/etc/ssl/certs"))
    binds = [f"{path}:{path}" for path in same if path.exists()]
    pip = pip_settings(paths.state)
    return [*binds, f"{pip}:/etc/pip.conf"] if pip else binds


def _variables() -> dict[str, str]:
    """Return what differs from our own environment; the search path is set by the script."""
    return {"LANG": "C.UTF-8", "VIRTUAL_ENV": VENV}
