"""An image's tag changes exactly when something that gets into the image changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.archives import size_line
from cluster.errors import ClusterError
from cluster.image_inputs import copied_sources, inputs_key
from cluster.images import archive_name, outlived

DOCKERFILE = """\
ARG BASE_IMAGE=python:3.13-slim
FROM ${BASE_IMAGE} AS build
# COPY nothing of this
COPY requirements/build.txt requirements/thing.txt \\
     /src/requirements/
COPY --chown=1:1 thing/ /src/thing
FROM ${BASE_IMAGE}
COPY --from=build /opt /opt
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("requirements/build.txt", "requirements/thing.txt", "thing/src/main.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "thing" / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def key(context: Path, base: str = "base:1") -> str:
    return inputs_key(context, context / "thing" / "Dockerfile", base)


def test_the_sources_are_what_a_dockerfile_copies_from_its_context() -> None:
    assert copied_sources(DOCKERFILE) == [
        "requirements/build.txt",
        "requirements/thing.txt",
        "thing/",
    ]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda at: (at / "thing/src/main.py").write_text("x"), id="a file's content"),
        pytest.param(lambda at: (at / "thing/src/new.py").touch(), id="a new file"),
        pytest.param(lambda at: (at / "thing/src/main.py").chmod(0o755), id="a file's mode"),
        pytest.param(lambda at: (at / "requirements/thing.txt").write_text("x"), id="the lock"),
        pytest.param(
            lambda at: (at / "thing/src/main.py").rename(at / "thing/src/other.py"),
            id="a file's name",
        ),
    ],
)
def test_given_a_change_that_gets_into_the_image_then_the_tag_changes(
    context: Path, change: Callable[[Path], object]
) -> None:
    before = key(context)
    change(context)
    assert key(context) != before


@pytest.mark.parametrize(
    "name",
    ["README.md", "requirements/dev.txt", "thing/src/__pycache__/main.pyc", "thing/x.egg-info/a"],
)
def test_given_a_file_that_does_not_get_into_the_image_then_the_tag_stays(
    context: Path, name: str
) -> None:
    before = key(context)
    (context / name).parent.mkdir(parents=True, exist_ok=True)
    (context / name).touch()
    assert key(context) == before


def test_given_another_base_then_the_tag_changes(context: Path) -> None:
    assert key(context, "base:1") != key(context, "base:2")


def test_given_a_source_that_is_missing_then_it_is_named(context: Path) -> None:
    (context / "requirements" / "thing.txt").unlink()
    with pytest.raises(ClusterError, match=r"copies requirements/thing\.txt"):
        key(context)


def test_an_archive_is_named_after_image_and_tag() -> None:
    assert archive_name("localhost/workqueue-worker:0.1.0-abc") == "workqueue-worker-0.1.0-abc"


def test_a_size_is_told_with_what_it_adds_to_the_base() -> None:
    mebi = 2**20
    assert size_line("worker:1", 80 * mebi, 60 * mebi) == "worker:1: 80.0 MiB, base + 20.0 MiB"


def test_given_many_archives_then_the_newest_are_kept(tmp_path: Path) -> None:
    # Given archives of three days
    for age, name in enumerate(["today", "yesterday", "before"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    # Then the oldest goes
    assert outlived(tmp_path.iterdir(), kept=2) == [tmp_path / "before"]
    assert outlived(tmp_path.iterdir(), kept=3) == []
