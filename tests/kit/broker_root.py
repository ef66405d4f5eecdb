"""The root file system of the local cluster's RabbitMQ image, unpacked to chroot into."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cluster.cache import cached
from cluster.commands import output
from cluster.errors import ClusterError
from cluster.images import ImageStore, archive_name, rabbitmq_recipe
from cluster.paths import Paths


def broker_root(paths: Paths) -> Path:
    """A folder with the image's files; it is made once for each image (2 s).

    Raises:
        ClusterError: the image was not built.
    """
    reference = rabbitmq_recipe().reference
    archive = ImageStore(paths).archive(reference)
    if not archive.exists():
        raise ClusterError(
            f"{archive} is missing", ways_out="`make cluster-up` builds the broker's image."
        )
    name = archive_name(reference)
    return cached(paths.state / "roots", name, lambda target: _unpack(archive, target))


def _unpack(archive: Path, target: Path) -> None:
    """Unpack the layers, the lowest first.

    What a layer deletes from those below stays: here that is a folder of apt's alone.
    """
    with TemporaryDirectory(dir=target.parent) as folder:
        blobs = Path(folder)
        output(["tar", "-xf", str(archive), "-C", folder])
        index = json.loads((blobs / "index.json").read_text())
        manifest = json.loads(_blob(blobs, index["manifests"][0]).read_text())
        for layer in manifest["layers"]:
            output(["tar", "-xf", str(_blob(blobs, layer)), "-C", str(target)])


def _blob(folder: Path, described: dict[str, Any]) -> Path:
    algorithm, _, digest = str(described["digest"]).partition(":")
    return folder / "blobs" / algorithm / digest
