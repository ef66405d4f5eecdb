"""What is built, and from which versions. Each is pinned here or in go/go.mod, nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

KUBERNETES = "1.35.4"
DEBIAN_SUITE = "trixie"
BASE_PACKAGES = ("python3-minimal", "python3-venv", "ca-certificates")
PROJECT = "0.1.0"

# The newest `go` line among the modules below.
GO_MINIMUM = (1, 26)


@dataclass(frozen=True, slots=True)
class GoTool:
    """A program with dependencies of its own, built outside go/go.mod."""

    name: str
    package: str
    version: str
    usually_seconds: int

    @property
    def target(self) -> str:
        return f"{self.package}@{self.version}"


CLUSTER_TOOLS = (
    GoTool("coredns", "github.com/coredns/coredns", "v1.14.7", 105),
    GoTool("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1", 122),
)
CHECKING_TOOLS = (
    GoTool("promtool", "github.com/prometheus/prometheus/cmd/promtool", "v0.316.0", 180),
)
