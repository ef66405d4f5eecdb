"""The programs of the cluster: what each is built from, where it is cached, and links to them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from cluster import gobuild, versions
from cluster.cache import cached, content_key
from cluster.errors import ClusterError
from cluster.gobuild import GO_MODULE
from cluster.paths import Paths
from cluster.versions import CHECKING_TOOLS, CLUSTER_TOOLS, GoTool

TOOLS = {tool.name: tool for tool in (*CLUSTER_TOOLS, *CHECKING_TOOLS)}
NAMES = ("kubernetes", *TOOLS)
LINKED_FOR_USERS = ("kubectl", "helm", "promtool")


def kubernetes_name() -> str:
    """Return the cache name, keyed by what is built and how.

    Go's own version is left out: a newer Go is no reason to compile for minutes again, and what
    is cached serves a machine without Go as well.
    """
    files = [(GO_MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    flags = gobuild.kubernetes_flags(versions.KUBERNETES)
    return f"kubernetes-{versions.KUBERNETES}-{content_key(platform.machine(), *flags, *files)}"


def tool_name(tool: GoTool) -> str:
    """Return the cache name of one separately built tool."""
    key = content_key(platform.machine(), tool.target, *gobuild.TOOL_FLAGS)
    return f"{tool.name}-{tool.version}-{key}"


def cache_folder(paths: Paths) -> Path:
    return paths.cache / "binaries"


def are_cached(paths: Paths) -> bool:
    """Say whether everything for a cluster is there, so that nothing needs to be compiled."""
    names = [kubernetes_name(), *(tool_name(tool) for tool in CLUSTER_TOOLS)]
    return all((cache_folder(paths) / name).exists() for name in names)


def build_programs(paths: Paths) -> Path:
    """Build or find what a cluster needs, and return a folder with links to all of it.

    What only tests need is left out: a demo should not have to wait for it.
    """
    build_named(paths, ["kubernetes", *(tool.name for tool in CLUSTER_TOOLS)])
    return paths.state / "programs"


def build_named(paths: Paths, names: Sequence[str]) -> None:
    """Build or find some programs (all, when none is named), and link them.

    Raises:
        ClusterError: a name is unknown, or Go is needed and missing.
        CommandFailedError: a build failed.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ClusterError(f"{unknown[0]!r} is none of {', '.join(NAMES)}")
    for name in names or NAMES:
        _link(paths, _folder(paths, name))


def _folder(paths: Paths, name: str) -> Path:
    folder = cache_folder(paths)
    if name == "kubernetes":
        return cached(folder, kubernetes_name(), lambda target: gobuild.kubernetes(paths, target))
    tool = TOOLS[name]
    return cached(folder, tool_name(tool), lambda target: gobuild.tool(paths, tool, target))


def _link(paths: Paths, folder: Path) -> None:
    """Put links to the programs in `.cluster/programs`, and the users' three in `.cluster/bin`."""
    for program in folder.iterdir():
        _symlink(paths.state / "programs" / program.name, program)
        if program.name in LINKED_FOR_USERS:
            _symlink(paths.bin / program.name, program)


def _symlink(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
