"""Compiles with Go, and shows how far it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from cluster.cache import content_key
from cluster.commands import output, run_logged
from cluster.console import Step, step
from cluster.errors import ClusterError
from cluster.paths import Paths
from cluster.versions import GO_MINIMUM, KUBERNETES, GoModule

VERSION_PACKAGE = "k8s.io/component-base/version"
STRIPPED = "-s -w"
WAYS_OUT = (
    "see whether Go can fetch modules here (`go env GOPROXY GOFLAGS`), and run this again: "
    "what is already compiled is kept."
)


def flags(module: GoModule) -> list[str]:
    """Return the flags of a build: programs that are small and the same wherever they are built.

    Kubernetes has to be told its version, or clients see v0.0.0 and refuse or warn.
    """
    linker = STRIPPED
    if module == KUBERNETES:
        major, minor, _ = module.version.removeprefix("v").split(".")
        stamps = {"gitVersion": module.version, "gitMajor": major, "gitMinor": minor}
        linker += "".join(f" -X {VERSION_PACKAGE}.{key}={value}" for key, value in stamps.items())
    return ["-trimpath", "-buildvcs=false", "-ldflags", linker]


def sources_key(module: GoModule) -> str:
    """Return a key of all that is built from: the module's files name the rest by hash."""
    files = sorted(path for path in module.folder.iterdir() if path.is_file())
    parts = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    return content_key(*flags(module), *parts)


def go_version() -> str | None:
    """Return what `go env GOVERSION` says, or None without Go."""
    return output(["go", "env", "GOVERSION"]).strip() if shutil.which("go") else None


def build(paths: Paths, module: GoModule, target: Path) -> None:
    """Build a module's tools into a folder.

    Raises:
        ClusterError: there is no Go.
        CommandFailedError: the build failed.
    """
    title = f"Building {module.name} {module.version}"
    if go_version() is None:
        wanted = ".".join(map(str, GO_MINIMUM))
        raise ClusterError(
            f"{module.name} has to be built, and there is no Go on PATH",
            ways_out=f"install Go {wanted} or newer.",
        )
    with step(title, usually_seconds=module.usually_seconds) as running:
        run_logged(
            title,
            ["go", "build", "-v", *flags(module), "-o", f"{target}/", "tool"],
            log=paths.log(f"go-{module.name}"),
            environment={"CGO_ENABLED": "0", "GOWORK": "off"},
            folder=module.folder,
            on_line=_Packages(running, module).see,
            ways_out=WAYS_OUT,
        )


class _Packages:
    """Counts the packages that `go build -v` names: each once, when it is compiled."""

    def __init__(self, running: Step, module: GoModule) -> None:
        self._running = running
        self._module = module
        self._total: int | None = None
        self._seen = 0

    def see(self, line: str) -> None:
        if line.startswith("go: "):
            self._running.how_far = "downloading modules"
            return
        if self._total is None:
            self._total = _count(self._module)
        self._seen += 1
        self._running.how_far = f"{self._seen} of at most {self._total} packages compiled"


def _count(module: GoModule) -> int:
    argv = ["go", "list", "-deps", "tool"]
    listed = subprocess.run(argv, cwd=module.folder, capture_output=True, text=True, check=False)
    return len(listed.stdout.splitlines())
