"""The programs of the cluster: where each is cached, and links to them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from cluster import gobuild
from cluster.cache import cached
from cluster.errors import ClusterError
from cluster.paths import Paths
from cluster.versions import CLUSTER_MODULES, GO_MODULES, GoModule

LINKED_FOR_USERS = ("kubectl", "helm", "promtool")
RENAMED = {"server": "etcd"}  # the last part of etcd's package path is no name for a program


def cache_name(module: GoModule) -> str:
    """Return the cache name: version, machine, and a key of what is built and how.

    Go's own version is left out: a newer Go is no reason to compile for minutes again, and what
    is cached serves a machine without Go as well.
    """
    return "-".join((module.name, module.version, platform.machine(), gobuild.sources_key(module)))


def cache_folder(paths: Paths) -> Path:
    return paths.cache / "binaries"


def are_cached(paths: Paths) -> bool:
    """Say whether everything for a cluster is there, so that nothing needs to be compiled."""
    return all((cache_folder(paths) / cache_name(module)).exists() for module in CLUSTER_MODULES)


def build_programs(paths: Paths) -> Path:
    """Build or find what a cluster needs, and return a folder with links to all of it."""
    build_named(paths, [module.name for module in CLUSTER_MODULES])
    return paths.state / "programs"


def build_named(paths: Paths, names: Sequence[str]) -> None:
    """Build or find the programs of some modules (of all, when none is named), and link them.

    Raises:
        ClusterError: a name is unknown, or Go is needed and missing.
        CommandFailedError: a build failed.
    """
    unknown = sorted(set(names) - set(GO_MODULES))
    if unknown:
        raise ClusterError(f"{unknown[0]!r} is none of {', '.join(GO_MODULES)}")
    for name in names or GO_MODULES:
        _link(paths, _folder(paths, GO_MODULES[name]))


def _folder(paths: Paths, module: GoModule) -> Path:
    def build(target: Path) -> None:
        gobuild.build(paths, module, target)

    return cached(cache_folder(paths), cache_name(module), build)


def _link(paths: Paths, folder: Path) -> None:
    """Put links to the programs in `.cluster/programs`, and the users' three in `.cluster/bin`."""
    for program in folder.iterdir():
        _symlink(paths.state / "programs" / RENAMED.get(program.name, program.name), program)
        if program.name in LINKED_FOR_USERS:
            _symlink(paths.bin / program.name, program)


def _symlink(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
