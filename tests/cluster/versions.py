"""What is built, and from which versions: those of programs stand in go/*/go.mod alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cluster.paths import PACKAGE

DEBIAN_SUITE = "trixie"
BASE_PACKAGES = ("python3-minimal", "python3-venv", "ca-certificates")
PROJECT = "0.1.0"

# The newest `go` line among the modules that a cluster needs.
GO_MINIMUM = (1, 26)


@dataclass(frozen=True, slots=True)
class GoModule:
    """A folder below go/ whose tools are built together, with dependencies pinned by hash.

    Each program has a module of its own, because no two agree on the versions they need.
    """

    name: str
    requires: str  # the module whose version is the version of the programs
    usually_seconds: int

    @property
    def folder(self) -> Path:
        return PACKAGE / "go" / self.name

    @property
    def version(self) -> str:
        """Return the version, such as `v1.35.4`, that go.mod asks for."""
        text = (self.folder / "go.mod").read_text()
        line = rf"(?m)^(?:require|\s)*{re.escape(self.requires)} (v\S+)"
        found = re.search(line, text)
        if found is None:
            raise ValueError(f"{self.folder}/go.mod does not require {self.requires}")
        return found[1]


KUBERNETES = GoModule("kubernetes", "k8s.io/kubernetes", 330)
CLUSTER_MODULES = (
    KUBERNETES,
    GoModule("coredns", "github.com/coredns/coredns", 45),
    GoModule("helm", "helm.sh/helm/v4", 122),
)
# What only tests need: a demo should not have to wait for it.
TEST_MODULES = (GoModule("promtool", "github.com/prometheus/prometheus", 180),)
GO_MODULES = {module.name: module for module in (*CLUSTER_MODULES, *TEST_MODULES)}
