"""The three images for a cluster that is not ours: built with what is there, and pushed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from cluster.commands import run_logged, succeeds
from cluster.console import say, step
from cluster.errors import ClusterError
from cluster.image_inputs import inputs_key
from cluster.images import PROJECT_FOLDERS, remember
from cluster.paths import Paths
from cluster.versions import PROJECT

BASE_IMAGE = "python:3.13-slim"
# engine -> its command for building; they agree on the options that we need
BUILD_VERBS: Mapping[str, str] = {"docker": "build", "podman": "build", "buildah": "bud"}
PULL_HINT = f"see whether this machine can pull {BASE_IMAGE} and reach a package index."
LOGIN_HINT = "log in to the registry (`docker login REGISTRY`, or podman, buildah), and try again."


def is_usable(engine: str) -> bool:
    """Say whether an engine is installed and answers (a docker client may lack its daemon)."""
    return shutil.which(engine) is not None and succeeds([engine, "info"])


def choose_engine(usable: Callable[[str], bool] = is_usable) -> str:
    """Return the first engine that works.

    Raises:
        ClusterError: none does.
    """
    for engine in BUILD_VERBS:
        if usable(engine):
            return engine
    raise ClusterError(
        f"none of {', '.join(BUILD_VERBS)} works here, and images cannot be pushed without",
        ways_out="start one of them, or install buildah.",
    )


def reference(prefix: str, name: str, key: str) -> str:
    return f"{prefix.rstrip('/')}/workqueue-{name}:{PROJECT}-{key}"


def build_command(
    engine: str, image: str, *, dockerfile: Path, context: Path, base: str
) -> list[str]:
    """Return the command line that builds one image."""
    options = [f"--file={dockerfile}", f"--tag={image}", f"--build-arg=BASE_IMAGE={base}"]
    return [engine, BUILD_VERBS[engine], *options, str(context)]


def push_command(engine: str, image: str) -> list[str]:
    return [engine, "push", image]


def push(paths: Paths, prefix: str) -> None:
    """Build and push all three, and write their references to `images-remote.json`."""
    engine = choose_engine()
    pushed: dict[str, str] = {}
    for name, folder in PROJECT_FOLDERS.items():
        dockerfile = paths.repository / folder / "Dockerfile"
        image = reference(prefix, name, inputs_key(paths.repository, dockerfile, BASE_IMAGE))
        build = build_command(
            engine, image, dockerfile=dockerfile, context=paths.repository, base=BASE_IMAGE
        )
        log = paths.log(f"push-{name}")
        with step(f"Building and pushing {image} with {engine}", usually_seconds=60):
            run_logged(f"building {image}", build, log=log, ways_out=PULL_HINT)
            run_logged(
                f"pushing {image}", push_command(engine, image), log=log, ways_out=LOGIN_HINT
            )
        pushed[name] = image
    remember(paths.remote_images, pushed)
    for image in pushed.values():
        say(f"  {image}")
