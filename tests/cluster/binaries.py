"""The programs of the cluster: what each is built from, where it is cached, and links to them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from cluster import gobuild, versions
from cluster.cache import cached, content_key
from cluster.commands import output
from cluster.errors import ClusterError
from cluster.gobuild import GO_MODULE
from cluster.paths import Paths
from cluster.versions import CHECKING_TOOLS, CLUSTER_TOOLS, GoTool

TOOLS = {tool.name: tool for tool in (*CLUSTER_TOOLS, *CHECKING_TOOLS)}
NAMES = ("kubernetes", *TOOLS)
LINKED_FOR_USERS = ("kubectl", "helm", "promtool")
NO_GO = "none"


def kubernetes_name(go_version: str) -> str:
    """Return the cache name, keyed by everything that the build depends on."""
    files = [(GO_MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    flags = gobuild.kubernetes_flags(versions.KUBERNETES)
    return f"kubernetes-{versions.KUBERNETES}-{content_key(go_version, *flags, *files)}"


def tool_name(tool: GoTool, go_version: str) -> str:
    """Return the cache name of one separately built tool."""
    key = content_key(go_version, tool.target, *gobuild.TOOL_FLAGS)
    return f"{tool.name}-{tool.version}-{key}"


def cache_folder(paths: Paths) -> Path:
    return paths.cache / "binaries"


def are_cached(paths: Paths, go_version: str) -> bool:
    """Say whether everything for a cluster is there, so that nothing needs to be compiled."""
    names = [kubernetes_name(go_version), *(tool_name(tool, go_version) for tool in CLUSTER_TOOLS)]
    return all((cache_folder(paths) / name).exists() for name in names)


def go_version() -> str:
    """Return Go's version, or NO_GO."""
    return output(["go", "env", "GOVERSION"]).strip() if shutil.which("go") else NO_GO


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
    go = go_version()
    for name in names or NAMES:
        _link(paths, _folder(paths, name, go))


def _folder(paths: Paths, name: str, go: str) -> Path:
    if name == "kubernetes":
        return _cached(paths, kubernetes_name(go), go, lambda at: gobuild.kubernetes(paths, at))
    tool = TOOLS[name]
    return _cached(paths, tool_name(tool, go), go, lambda at: gobuild.tool(paths, tool, at))


def _cached(paths: Paths, name: str, go: str, build: Callable[[Path], None]) -> Path:
    def with_go(target: Path) -> None:
        if go == NO_GO:
            wanted = ".".join(map(str, versions.GO_MINIMUM))
            raise ClusterError(
                f"{name} has to be built, and there is no Go on PATH",
                ways_out=f"install Go {wanted} or newer.",
            )
        build(target)

    return cached(cache_folder(paths), name, with_go)


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
