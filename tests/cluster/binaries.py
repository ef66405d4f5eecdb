"""The programs of the cluster, built with Go from their modules and cached."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cluster import versions
from cluster.cache import cached, content_key
from cluster.commands import output, run_logged
from cluster.console import Step, step
from cluster.paths import PACKAGE, Paths
from cluster.versions import CHECKING_TOOLS, CLUSTER_TOOLS, GoTool

GO_MODULE = PACKAGE / "go"
KUBERNETES_USUALLY_SECONDS = 330
LINKED_FOR_USERS = ("kubectl", "helm", "promtool")

STRIPPED = "-s -w"
VERSION_PACKAGE = "k8s.io/component-base/version"
WAYS_OUT = (
    "see whether Go can fetch modules here (`go env GOPROXY GOFLAGS`), and run this again: "
    "what is already compiled is kept."
)


def kubernetes_flags(version: str) -> list[str]:
    """Return the flags of the Kubernetes build: static, small, and telling its version.

    Without the version clients see v0.0.0 and refuse or warn.
    """
    major, minor, _ = version.split(".")
    stamps = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    stamped = " ".join(f"-X {VERSION_PACKAGE}.{key}={value}" for key, value in stamps.items())
    return ["-trimpath", "-buildvcs=false", "-ldflags", f"{STRIPPED} {stamped}"]


def kubernetes_name(go_version: str) -> str:
    """Return the cache name, keyed by everything that the build depends on."""
    files = [(GO_MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    key = content_key(go_version, *kubernetes_flags(versions.KUBERNETES), *files)
    return f"kubernetes-{versions.KUBERNETES}-{key}"


def tool_name(tool: GoTool, go_version: str) -> str:
    """Return the cache name of one separately built tool."""
    return f"{tool.name}-{tool.version}-{content_key(go_version, tool.target, STRIPPED)}"


def cache_folder(paths: Paths) -> Path:
    return paths.cache / "binaries"


def are_cached(paths: Paths, go_version: str) -> bool:
    """Say whether everything is there, so that Go itself is not needed."""
    names = [kubernetes_name(go_version), *(tool_name(tool, go_version) for tool in CLUSTER_TOOLS)]
    return all((cache_folder(paths) / name).exists() for name in names)


def go_version() -> str:
    """Return Go's version for cache keys; without Go, what is cached serves as well."""
    return output(["go", "env", "GOVERSION"]).strip() if shutil.which("go") else "none"


def build_programs(paths: Paths) -> Path:
    """Build or find what a cluster needs, and return a folder with links to all of it."""
    go = go_version()
    folders = [
        cached(
            cache_folder(paths), kubernetes_name(go), lambda target: _kubernetes(paths, target)
        ),
        *(_tool_folder(paths, tool, go) for tool in CLUSTER_TOOLS),
    ]
    return _link(paths, folders)


def build_checkers(paths: Paths) -> None:
    """Build or find what only tests need: a demo should not have to wait for it."""
    _link(paths, [_tool_folder(paths, tool, go_version()) for tool in CHECKING_TOOLS])


def _tool_folder(paths: Paths, tool: GoTool, go: str) -> Path:
    def build(target: Path) -> None:
        _go_tool(paths, tool, target)

    return cached(cache_folder(paths), tool_name(tool, go), build)


def _kubernetes(paths: Paths, target: Path) -> None:
    title = f"Building Kubernetes {versions.KUBERNETES} and etcd"
    with step(title, usually_seconds=KUBERNETES_USUALLY_SECONDS) as running:
        flags = kubernetes_flags(versions.KUBERNETES)
        counter = _Packages(running, folder=GO_MODULE)
        run_logged(
            title,
            ["go", "build", "-v", *flags, "-o", f"{target}/", "tool"],
            log=paths.log("go-kubernetes"),
            environment={"CGO_ENABLED": "0"},
            folder=GO_MODULE,
            on_line=counter.see,
            ways_out=WAYS_OUT,
        )
    (target / "server").rename(target / "etcd")


def _go_tool(paths: Paths, tool: GoTool, target: Path) -> None:
    title = f"Building {tool.name} {tool.version}"
    with step(title, usually_seconds=tool.usually_seconds) as running:
        run_logged(
            title,
            ["go", "install", "-v", "-trimpath", "-buildvcs=false", "-ldflags", STRIPPED]
            + [tool.target],
            log=paths.log(f"go-{tool.name}"),
            environment={"CGO_ENABLED": "0", "GOBIN": str(target)},
            on_line=_Packages(running).see,
            ways_out=WAYS_OUT,
        )


class _Packages:
    """Counts the packages that `go build -v` names, as a measure of how far it is."""

    def __init__(self, running: Step, folder: Path | None = None) -> None:
        self._running = running
        self._folder = folder
        self._total: int | None = None
        self._seen = 0

    def see(self, line: str) -> None:
        if line.startswith("go: downloading"):
            self._running.how_far = "downloading modules"
            return
        self._seen += 1
        self._total = self._total or self._count()
        known = f" of at most {self._total}" if self._total else ""
        self._running.how_far = f"{self._seen}{known} packages compiled"

    def _count(self) -> int:
        if self._folder is None:
            return 0
        listed = subprocess.run(
            ["go", "list", "-deps", "tool"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return len(listed.stdout.splitlines())


def _link(paths: Paths, folders: list[Path]) -> Path:
    """Put links to every program in `.cluster/programs`, and the users' three in `.cluster/bin`."""
    programs = paths.state / "programs"
    for folder in folders:
        for program in folder.iterdir():
            _symlink(programs / program.name, program)
            if program.name in LINKED_FOR_USERS:
                _symlink(paths.bin / program.name, program)
    return programs


def _symlink(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
