"""The images: base and RabbitMQ for the cluster, and the three of this project.

Each is an OCI archive in the cache, under a tag that follows from its inputs.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cluster import rootfs
from cluster.buildah import Buildah
from cluster.cache import cached, content_key, write_atomically
from cluster.console import step
from cluster.errors import ClusterError
from cluster.image_inputs import inputs_key
from cluster.paths import PACKAGE, Paths
from cluster.versions import PROJECT

RECIPES = PACKAGE / "images"
KEPT_ARCHIVES = 6
PAUSE_IMAGE = "localhost/workqueue-pause:1"
PROJECT_FOLDERS: Mapping[str, str] = {
    "operator": "operator",
    "worker": "worker-image",
    "producer": "producer",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one image is built. `reference` names it everywhere: build, archive, containerd."""

    reference: str
    dockerfile: Path
    context: Path
    base: str | None
    usually_seconds: int
    extras: tuple[Path, ...] = ()  # files from elsewhere, which are the whole context then


def archive_name(reference: str) -> str:
    """Return the cache name of an image: its reference, without registry and slashes."""
    return reference.removeprefix("localhost/").replace(":", "-")


def base_reference() -> str:
    recipe = (RECIPES / "base" / "Dockerfile").read_text()
    return f"localhost/workqueue-base:{content_key(rootfs.base_name(), recipe)}"


def rabbitmq_recipe() -> Recipe:
    folder = RECIPES / "rabbitmq"
    base = base_reference()
    key = inputs_key(folder, folder / "Dockerfile", base)
    reference = f"localhost/workqueue-rabbitmq:{key}"
    return Recipe(reference, folder / "Dockerfile", folder, base, usually_seconds=50)


def project_recipe(paths: Paths, name: str) -> Recipe:
    """Return how to build `operator`, `worker` or `producer`.

    Raises:
        ClusterError: its Dockerfile, or something that it copies, is not there.
    """
    dockerfile = paths.repository / PROJECT_FOLDERS[name] / "Dockerfile"
    if not dockerfile.exists():
        raise ClusterError(f"the {name} image has no {dockerfile.relative_to(paths.repository)}")
    base = base_reference()
    key = inputs_key(paths.repository, dockerfile, base)
    reference = f"localhost/workqueue-{name}:{PROJECT}-{key}"
    return Recipe(reference, dockerfile, paths.repository, base, usually_seconds=30)


class ImageStore:
    """Builds what is not in the cache yet, and finds the rest."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._buildah = Buildah(paths)

    def archive(self, reference: str) -> Path:
        return self._paths.cache / "images" / archive_name(reference) / "image.tar"

    def base(self) -> str:
        """Build the base image, and return its reference."""
        tar = rootfs.root_filesystem(self._paths) / "rootfs.tar"
        folder = RECIPES / "base"
        recipe = Recipe(base_reference(), folder / "Dockerfile", folder, None, 10, (tar,))
        return self.build(recipe)

    def pause(self) -> str:
        """Build the image that holds a pod's namespaces."""
        program = Path(shutil.which("catatonit") or "/usr/bin/catatonit")
        folder = RECIPES / "pause"
        return self.build(Recipe(PAUSE_IMAGE, folder / "Dockerfile", folder, None, 2, (program,)))

    def build(self, recipe: Recipe) -> str:
        """Build one image, unless its archive exists, and return its reference."""

        def produce(target: Path) -> None:
            self._produce(recipe, target)

        folder = cached(self._paths.cache / "images", archive_name(recipe.reference), produce)
        os.utime(folder)  # what is in use is the newest, and is kept
        return recipe.reference

    def _produce(self, recipe: Recipe, target: Path) -> None:
        name = archive_name(recipe.reference)
        log = self._paths.log(f"image-{name.rsplit('-', 1)[0]}")
        if recipe.base:
            self._need_base(recipe.base, log)
        with step(f"Building image {name}", usually_seconds=recipe.usually_seconds) as running:

            def follow(line: str) -> None:
                running.how_far = line.strip()[:60] if line.startswith("STEP") else running.how_far

            with _context(recipe, target) as context:
                self._buildah.build(
                    recipe.reference,
                    dockerfile=recipe.dockerfile,
                    context=context,
                    arguments={"BASE_IMAGE": recipe.base} if recipe.base else {},
                    log=log,
                    on_line=follow,
                )
            self._buildah.save(recipe.reference, target / "image.tar", log=log)

    def prune(self, name: str) -> None:
        """Delete archives of a project image that newer ones have outlived."""
        folder = self._paths.cache / "images"
        for archive in outlived(folder.glob(f"workqueue-{name}-{PROJECT}-*/")):
            shutil.rmtree(archive, ignore_errors=True)
            self._buildah.forget(f"localhost/workqueue-{name}:{PROJECT}-{archive.name[-12:]}")

    def _need_base(self, base: str, log: Path) -> None:
        self.base()
        if not self._buildah.has(base):
            self._buildah.load(base, self.archive(base), log=log)


def outlived(archives: Iterable[Path], *, kept: int = KEPT_ARCHIVES) -> list[Path]:
    """Return all but the newest ones: every change of the sources makes another archive."""
    return sorted(archives, key=lambda path: path.stat().st_mtime, reverse=True)[kept:]


@contextmanager
def _context(recipe: Recipe, target: Path) -> Iterator[Path]:
    """Yield the build context: the recipe's own, or one made of its extra files."""
    if not recipe.extras:
        yield recipe.context
        return
    with TemporaryDirectory(dir=target) as folder:
        for file in recipe.extras:
            shutil.copy2(file, folder)
        yield Path(folder)


def remember(path: Path, references: Mapping[str, str]) -> None:
    """Write the references where make, the tests and the demo read them."""
    write_atomically(path, json.dumps(references, indent=2, sort_keys=True) + "\n")


def remembered(path: Path) -> dict[str, str]:
    """Return the references written last; none when nothing was built yet."""
    return dict(json.loads(path.read_text())) if path.exists() else {}
