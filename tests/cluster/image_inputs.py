"""What an image is made of, and the tag that follows from it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from cluster.cache import content_key
from cluster.errors import ClusterError

LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def copied_sources(dockerfile: str) -> list[str]:
    """Return what the Dockerfile copies from its build context, in order.

    Copies from another stage (`--from=`) are no input of their own.
    """
    sources: list[str] = []
    for line in dockerfile.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0].upper() not in {"COPY", "ADD"}:
            continue
        if any(word.startswith("--from=") for word in words):
            continue
        sources += [word for word in words[1:-1] if not word.startswith("--")]
    return sources


def input_files(context: Path, sources: list[str]) -> Iterator[Path]:
    """Yield every file below the sources, sorted; caches of tools are left out.

    Raises:
        ClusterError: a source is not there.
    """
    for source in sources:
        found = sorted(context.glob(source.removeprefix("./").rstrip("/")))
        if not found:
            raise ClusterError(f"a Dockerfile copies {source}, which is not in {context}")
        for path in found:
            yield from _files_below(path)


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        unused = LEFT_OUT.intersection(file.parts)
        if file.is_file() and not unused and ".egg-info" not in str(file):
            yield file


def inputs_key(context: Path, dockerfile: Path, base: str) -> str:
    """Return the content hash of an image: base, Dockerfile, each file's path, mode and bytes."""
    text = dockerfile.read_text()
    parts: list[str | bytes] = [base, text]
    for file in input_files(context, copied_sources(text)):
        executable = file.stat().st_mode & 0o111 != 0
        parts += [f"{file.relative_to(context)} {executable}", file.read_bytes()]
    return content_key(*parts)
