"""Install the operator with its chart, or uninstall it: what `make deploy` and `make undeploy` run.

python -m tools.deploy up --kubeconfig .cluster/kubeconfig
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.chart_check import CHART, HelmError, run_helm
from tools.crd import REPOSITORY

RELEASE = "workqueue-operator"
NAMESPACE = "workqueue-system"
STATE = REPOSITORY / ".cluster"
OWN_KUBECONFIG = STATE / "kubeconfig"
READY_WITHIN = "120s"


def is_own(kubeconfig: Path) -> bool:
    """Whether this is the cluster that `make cluster-up` starts."""
    return kubeconfig.resolve() == OWN_KUBECONFIG.resolve()


def images(kubeconfig: Path) -> dict[str, str]:
    """The references of the images that `make images` built last for this cluster.

    Raises:
        FileNotFoundError: it built none yet.
    """
    name = "images.json" if is_own(kubeconfig) else "images-remote.json"
    return dict(json.loads((STATE / name).read_text()))


def image_values(references: Mapping[str, str]) -> list[str]:
    """Helm's words for these references, as in registry/folder/name:tag."""
    address, tag = references["operator"].rsplit(":", 1)
    registry, repository = address.rsplit("/", 1)
    return [
        f"--set-string=image.registry={registry}",
        f"--set-string=image.repository={repository}",
        f"--set-string=image.tag={tag}",
        f"--set-string=workerImage={references['worker']}",
    ]


def context(kubeconfig: Path) -> str:
    """Name and address of the cluster that this file leads to, for a person to read."""
    found = yaml.safe_load(kubeconfig.read_text())
    current = found["current-context"]
    cluster = _named(found["contexts"], current)["context"]["cluster"]
    return f"{current} at {_named(found['clusters'], cluster)['cluster']['server']}"


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def say(kubeconfig: Path) -> None:
    """Tell which cluster is about to be used, before anything is touched."""
    print(f"  Using the cluster {context(kubeconfig)}", flush=True)


def up(kubeconfig: Path) -> None:
    """Install or upgrade, wait until the operator is ready, and show the chart's notes."""
    print(install(kubeconfig))


def install(kubeconfig: Path, *words: str) -> str:
    """Install or upgrade, and wait until the operator is ready. Returns helm's words.

    words: more for helm, as they are.
    """
    print(f"  Installing the operator into {context(kubeconfig)} (usually 15 s)", flush=True)
    place = [f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}", "--create-namespace"]
    wait = ["--wait", f"--timeout={READY_WITHIN}"]
    # On our own cluster a test may have applied the schema by hand; it becomes the release's.
    wait += ["--take-ownership"] if is_own(kubeconfig) else []
    values = image_values(images(kubeconfig))
    return run_helm("upgrade", "--install", RELEASE, str(CHART), *place, *wait, *values, *words)


def down(kubeconfig: Path) -> None:
    """Uninstall. WorkQueues, their workers and their queues stay."""
    print(f"  Uninstalling the operator from {context(kubeconfig)}", flush=True)
    place = [f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}"]
    print(run_helm("uninstall", RELEASE, *place, "--ignore-not-found", "--wait"))


def hint(kubeconfig: Path) -> str:
    """What to look at when helm gave up."""
    kubectl = f"kubectl --kubeconfig={kubeconfig} -n {NAMESPACE}"
    return f"  what to do: see {kubectl} get pods,events, and {kubectl} logs deploy/{RELEASE}"


VERBS: Mapping[str, Callable[[Path], object]] = {
    "say": say,
    "up": up,
    "install": install,
    "down": down,
}


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and do it. Returns the code to leave with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    # Never from the environment: nobody's cluster is to be touched by mistake.
    parser.add_argument("--kubeconfig", type=Path, required=True)
    given = parser.parse_args(words)
    try:
        VERBS[given.verb](given.kubeconfig)
    except FileNotFoundError as error:
        print(f"error: {error.filename} is missing\n  what to do: make cluster-up images")
        return 1
    except HelmError as error:
        print(f"error: {error}\n{hint(given.kubeconfig)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
