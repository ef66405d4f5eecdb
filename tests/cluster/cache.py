"""A cache that several clones can fill at once: content keys, a lock, atomic publication."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.console import say

KEY_LENGTH = 12


def content_key(*parts: str | bytes) -> str:
    """Return 12 hex digits that change with any part, and with where one part ends."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:KEY_LENGTH]


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock file for this process; the kernel lets go of it when the process ends.

    Says so when it has to wait for another process.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  Waiting for another process that holds {lock}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cached(folder: Path, name: str, build: Callable[[Path], None]) -> Path:
    """Return `folder/name`, a folder that `build` filled, now or earlier.

    Whoever asks while another process builds it waits for that one. A build that fails or is
    killed leaves nothing under the final name.
    """
    final = folder / name
    if final.exists():
        return final
    with exclusive(folder / f"{name}.lock"):
        if not final.exists():
            _publish(final, build)
    return final


def _publish(final: Path, build: Callable[[Path], None]) -> None:
    for abandoned in final.parent.glob(f".{final.name}-*"):  # of a build that was killed
        shutil.rmtree(abandoned, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(dir=final.parent, prefix=f".{final.name}-"))
    partial.chmod(0o755)
    try:
        build(partial)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    Path(name).chmod(mode)
    Path(name).rename(path)
