"""Compiles with Go, and shows how far it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cluster import versions
from cluster.commands import output, run_logged
from cluster.console import Step, step
from cluster.errors import ClusterError
from cluster.paths import PACKAGE, Paths
from cluster.versions import GoTool

GO_MODULE = PACKAGE / "go"
KUBERNETES_USUALLY_SECONDS = 330
VERSION_PACKAGE = "k8s.io/component-base/version"
STRIPPED = "-s -w"
TOOL_FLAGS = ("-trimpath", "-buildvcs=false", "-ldflags", STRIPPED)
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


def go_version() -> str | None:
    """Return what `go env GOVERSION` says, or None without Go."""
    return output(["go", "env", "GOVERSION"]).strip() if shutil.which("go") else None


def _need_go(name: str) -> None:
    if go_version() is None:
        raise ClusterError(
            f"{name} has to be built, and there is no Go on PATH",
            ways_out=f"install Go {'.'.join(map(str, versions.GO_MINIMUM))} or newer.",
        )


def kubernetes(paths: Paths, target: Path) -> None:
    """Build everything listed under `tool` in go/go.mod into `target`."""
    _need_go("Kubernetes")
    title = f"Building Kubernetes {versions.KUBERNETES} and etcd"
    with step(title, usually_seconds=KUBERNETES_USUALLY_SECONDS) as running:
        flags = kubernetes_flags(versions.KUBERNETES)
        run_logged(
            title,
            ["go", "build", "-v", *flags, "-o", f"{target}/", "tool"],
            log=paths.log("go-kubernetes"),
            environment={"CGO_ENABLED": "0"},
            folder=GO_MODULE,
            on_line=_Packages(running, GO_MODULE).see,
            ways_out=WAYS_OUT,
        )
    (target / "server").rename(target / "etcd")  # the last part of etcd's package path


def tool(paths: Paths, wanted: GoTool, target: Path) -> None:
    """Build one tool, with its own choice of dependencies, into `target`."""
    _need_go(wanted.name)
    title = f"Building {wanted.name} {wanted.version}"
    with step(title, usually_seconds=wanted.usually_seconds) as running:
        run_logged(
            title,
            ["go", "install", "-v", *TOOL_FLAGS, wanted.target],
            log=paths.log(f"go-{wanted.name}"),
            environment={"CGO_ENABLED": "0", "GOBIN": str(target)},
            on_line=_Packages(running).see,
            ways_out=WAYS_OUT,
        )


class _Packages:
    """Counts the packages that `go build -v` names: each once, when it is compiled."""

    def __init__(self, running: Step, folder: Path | None = None) -> None:
        self._running = running
        self._folder = folder
        self._total: int | None = None
        self._seen = 0

    def see(self, line: str) -> None:
        if line.startswith("go: "):
            self._running.how_far = "downloading modules"
            return
        if self._total is None:
            self._total = _count(self._folder)
        self._seen += 1
        known = f" of at most {self._total}" if self._total else ""
        self._running.how_far = f"{self._seen}{known} packages compiled"


def _count(folder: Path | None) -> int:
    """Count all packages of the module's tools; 0 when it cannot be told."""
    if folder is None:
        return 0
    argv = ["go", "list", "-deps", "tool"]
    listed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    return len(listed.stdout.splitlines())
