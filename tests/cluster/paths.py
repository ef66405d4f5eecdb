"""Where things lie: the state of this clone, and the cache that all clones share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parents[1]


@dataclass(frozen=True, slots=True)
class Paths:
    """`state` belongs to one clone and may be deleted; `cache` is keyed by content."""

    repository: Path
    state: Path
    cache: Path

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def bin(self) -> Path:
        return self.state / "bin"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def process(self) -> Path:
        return self.state / "process.json"

    @property
    def made(self) -> Path:
        """The record of what exists on the machine only because of this cluster."""
        return self.state / "made"

    @property
    def ready(self) -> Path:
        return self.state / "ready"

    @property
    def images(self) -> Path:
        return self.state / "images.json"

    @property
    def remote_images(self) -> Path:
        return self.state / "images-remote.json"

    @property
    def rabbitmq_data(self) -> Path:
        return self.state / "rabbitmq"

    def log(self, name: str) -> Path:
        """Return the log file of a step, its folder made."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{name}.log"


def default_paths(environment: Mapping[str, str] = os.environ) -> Paths:
    """Return the paths of this clone and of this user's cache."""
    home = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Paths(
        repository=REPOSITORY,
        state=REPOSITORY / ".cluster",
        cache=Path(home) / "workqueue-operator",
    )
