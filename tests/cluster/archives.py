"""Reads sizes out of OCI archives."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any


def layers_bytes(archive: Path) -> int:
    """Return the size of all layers, uncompressed as they lie in our archives."""
    with tarfile.open(archive) as tar:
        manifest = _blob(tar, _read(tar, "index.json")["manifests"][0]["digest"])
    return sum(int(layer["size"]) for layer in manifest["layers"])


def _blob(tar: tarfile.TarFile, digest: str) -> dict[str, Any]:
    return _read(tar, f"blobs/{digest.replace(':', '/')}")


def _read(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    member = tar.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is a folder, not a file of an OCI archive")
    parsed: dict[str, Any] = json.load(member)
    return parsed


def size_line(reference: str, size_bytes: int, base_bytes: int) -> str:
    """Return `reference: 97.1 MiB, base + 12.3 MiB`."""
    mebi = 2**20
    added = (size_bytes - base_bytes) / mebi
    return f"{reference}: {size_bytes / mebi:.1f} MiB, base + {added:.1f} MiB"
