"""Lint the chart and render it with each of its example values: no cluster needed."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.crd import REPOSITORY

CHART = REPOSITORY / "charts" / "workqueue-operator"
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))
OWN_HELM = REPOSITORY / ".cluster" / "bin" / "helm"
# What `kubectl apply` would take for the API server of today.
KUBERNETES = "1.35.0"


class HelmError(Exception):
    """Helm refused; carries its own words."""


@cache
def helm() -> str:
    """The project's own helm, built on first use (2 minutes): everybody has the same version."""
    if not OWN_HELM.exists():
        subprocess.run([sys.executable, "-m", "cluster", "binaries", "helm"], check=True)
    return str(OWN_HELM)


def run_helm(*words: str) -> str:
    """What helm prints.

    Raises:
        HelmError: it ended with a code other than 0.
    """
    done = subprocess.run([helm(), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HelmError(f"helm {' '.join(words)}\n{done.stdout}{done.stderr}".strip())
    return done.stdout


def lint(values: Path) -> None:
    """Raise HelmError where `helm lint --strict` finds anything."""
    run_helm("lint", "--strict", str(CHART), "--values", str(values))


def render(values: Path, *words: str) -> list[dict[str, Any]]:
    """The objects that the chart makes of these values; `words` go to helm as they are."""
    place = ("--namespace", "workqueue-system", "--kube-version", KUBERNETES)
    chart = ("template", "workqueue-operator", str(CHART), "--values", str(values))
    return list(_objects(run_helm(*chart, *place, *words)))


def _objects(rendered: str) -> Iterator[dict[str, Any]]:
    return (document for document in yaml.safe_load_all(rendered) if document)


def main() -> int:
    """Check every example. Returns the code to leave with."""
    try:
        for values in EXAMPLES:
            lint(values)
            print(f"{values.name}: {len(render(values))} objects")
    except HelmError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
