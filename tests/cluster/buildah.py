"""Builds images without an engine: buildah, with a storage of its own in the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cluster.commands import run_logged, succeeds
from cluster.machine import build_proxies, build_volumes, pip_settings
from cluster.overlay import overlay_works
from cluster.packages import IMAGE_TOOLS, install_missing
from cluster.paths import Paths

ISOLATION = {"BUILDAH_ISOLATION": "chroot"}
WAYS_OUT = (
    "if a package could not be fetched, see whether pip and apt-get work on this machine "
    "(its pip settings and certificates are lent to builds), and run this again."
)


class Buildah:
    """One storage, used by one command at a time (buildah locks it itself)."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._folder = paths.cache / "buildah"
        self._driver: str | None = None

    def build(
        self,
        image: str,
        *,
        dockerfile: Path,
        context: Path,
        arguments: Mapping[str, str],
        log: Path,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Build `image`, with layers cached.

        Raises:
            CommandFailedError: a step of the Dockerfile failed.
        """
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        run_logged(
            f"building {image}",
            self._buildah("bud", "--layers", "--format=oci", "--pull=never", f"--tag={image}")
            + [
                f"--file={dockerfile}",
                *options,
                *build_proxies(),
                *build_volumes(pip_settings(self._paths.state)),
            ]
            + [str(context)],
            log=log,
            environment=ISOLATION,
            on_line=on_line,
            ways_out=WAYS_OUT,
        )

    def save(self, image: str, archive: Path, *, log: Path) -> None:
        """Write an image to an OCI archive, its layers uncompressed: disk is cheaper than time."""
        target = f"oci-archive:{archive}:{image}"
        run_logged(
            f"saving {image}",
            self._buildah("push", "--disable-compression", image, target),
            log=log,
        )

    def load(self, image: str, archive: Path, *, log: Path) -> None:
        """Bring an image back into the storage, for builds that start from it."""
        run_logged(
            f"loading {image}",
            self._buildah("pull", f"oci-archive:{archive}:{image}"),
            log=log,
        )

    def has(self, image: str) -> bool:
        """Say whether the storage holds an image (somebody may have emptied it)."""
        return succeeds(self._buildah("inspect", "--type=image", image))

    def forget(self, image: str) -> None:
        """Remove an image from the storage, when it is there."""
        succeeds(self._buildah("rmi", image))

    def _buildah(self, verb: str, *rest: str) -> list[str]:
        if self._driver is None:
            install_missing(self._paths, IMAGE_TOOLS)
            self._driver = "overlay" if overlay_works(self._folder) else "vfs"
        storage = self._folder / self._driver
        return [
            "buildah",
            f"--root={storage / 'storage'}",
            f"--runroot={storage / 'run'}",
            f"--storage-driver={self._driver}",
            verb,
            *rest,
        ]
