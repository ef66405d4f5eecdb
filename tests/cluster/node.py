"""The node's image store, reached through the mount namespace of the running cluster."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from cluster import processes, sandbox
from cluster.addresses import CONTAINERD_SOCKET, NODE_ADDRESS
from cluster.commands import output
from cluster.console import step
from cluster.errors import ClusterError
from cluster.images import ImageStore
from cluster.paths import Paths

KUBELET_PORT = 10250
PER_IMAGE_SECONDS = 5


def _ctr(paths: Paths) -> list[str]:
    first = sandbox.running(paths)
    init = processes.child_of(first.pid) if first else None
    if init is None:
        raise ClusterError("the cluster does not run", ways_out="`make cluster-up` starts it.")
    enter = ["nsenter", f"--target={init}", "--mount"]
    return [*enter, "ctr", f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io"]


def listens() -> bool:
    """Say whether kubelet is there: what the API server says of a node may be an hour old."""
    try:
        socket.create_connection((NODE_ADDRESS, KUBELET_PORT), timeout=1).close()
    except OSError:
        return False
    return True


def answers(paths: Paths) -> bool:
    """Say whether containerd can be asked yet."""
    try:
        output([*_ctr(paths), "version"])
    except ClusterError:
        return False
    return True


def present(paths: Paths) -> set[str]:
    """Return the references of the images on the node."""
    return set(output([*_ctr(paths), "images", "list", "--quiet"]).split())


def load(paths: Paths, references: Iterable[str]) -> None:
    """Bring images to the node, those that it lacks.

    Raises:
        ClusterError: the cluster does not run, or an image was not built.
    """
    store = ImageStore(paths)
    absent = [reference for reference in references if reference not in present(paths)]
    if not absent:
        return
    with step(f"Loading {len(absent)} images", usually_seconds=PER_IMAGE_SECONDS * len(absent)):
        for reference in absent:
            archive = store.archive(reference)
            if not archive.exists():
                raise ClusterError(f"{reference} is not built", ways_out="`make images` builds it.")
            output([*_ctr(paths), "images", "import", str(archive)])


def tag(paths: Paths, reference: str, as_well: str) -> None:
    """Give an image on the node a second name."""
    output([*_ctr(paths), "images", "tag", "--force", reference, as_well])
