"""The three images of this project on the local cluster: built, remembered, brought to the node."""

from __future__ import annotations

from cluster import node, sandbox
from cluster.archives import layers_bytes, size_line
from cluster.console import say
from cluster.errors import ClusterError
from cluster.images import (
    PROJECT_FOLDERS,
    ImageStore,
    base_reference,
    project_recipe,
    remember,
    remembered,
)
from cluster.paths import Paths


def build(paths: Paths, names: list[str]) -> None:
    """Build what changed, print the sizes, and load it when the cluster runs."""
    store = ImageStore(paths)
    wanted = names or list(PROJECT_FOLDERS)
    base_bytes = layers_bytes(store.archive(store.base()))
    built = {name: store.build(project_recipe(paths, name)) for name in wanted}
    for name in wanted:
        store.prune(name)
    remember(paths.images, remembered(paths.images) | built | {"base": base_reference()})
    for reference in built.values():
        say("  " + size_line(reference, layers_bytes(store.archive(reference)), base_bytes))
    if sandbox.running(paths):
        node.load(paths, built.values())


def load(paths: Paths) -> None:
    """Bring the images built last to the node.

    Raises:
        ClusterError: none were built.
    """
    built = remembered(paths.images)
    wanted = [built[name] for name in PROJECT_FOLDERS if name in built]
    if not wanted:
        raise ClusterError("no image is built yet", ways_out="`make images` builds and loads them.")
    node.load(paths, wanted)
