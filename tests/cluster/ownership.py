"""Whose cluster runs on this machine. The link itself says so, and so the record ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cluster.addresses import HOST_LINK
from cluster.processes import ProcessId

NETWORK_DEVICES = Path("/sys/class/net")
FORMAT = "workqueue-cluster"


@dataclass(frozen=True, slots=True)
class Owner:
    """The clone that a running cluster belongs to, and its first process."""

    repository: Path
    process: ProcessId


def describe(owner: Owner) -> str:
    """Return the alias of the link (the kernel keeps up to 255 characters)."""
    process = owner.process
    return f"{FORMAT} {process.pid} {process.started_ticks} {process.boot_id} {owner.repository}"


def parse(alias: str) -> Owner | None:
    """Read an alias; None when somebody else made the link."""
    words = alias.strip().split(" ", 4)
    if len(words) != 5 or words[0] != FORMAT:
        return None
    return Owner(Path(words[4]), ProcessId(int(words[1]), int(words[2]), words[3]))


def link_exists(devices: Path = NETWORK_DEVICES) -> bool:
    return (devices / HOST_LINK).exists()


def current_owner(devices: Path = NETWORK_DEVICES) -> Owner | None:
    """Return who owns the link, or None when there is no link or it is not ours to read."""
    alias = devices / HOST_LINK / "ifalias"
    return parse(alias.read_text()) if alias.exists() else None
