"""Processes by identity. A number alone is none: the kernel gives it to somebody else later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster.cache import write_atomically

PROC = Path("/proc")
STATE_FIELD, PARENT_FIELD, STARTED_FIELD = 0, 1, 19  # counted after the name in /proc/PID/stat
DEAD_STATES = {"Z", "X"}


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that cannot be mistaken: its number, when it started, and in which boot."""

    pid: int
    started_ticks: int
    boot_id: str


def _stat(pid: int, proc: Path) -> list[str] | None:
    """Return the fields after the name, which may itself hold spaces and brackets."""
    try:
        text = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def identify(pid: int, *, proc: Path = PROC) -> ProcessId | None:
    """Return the identity of a running process, or None when there is none (a zombie is none)."""
    fields = _stat(pid, proc)
    if fields is None or fields[STATE_FIELD] in DEAD_STATES:
        return None
    boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
    return ProcessId(pid, int(fields[STARTED_FIELD]), boot)


def is_running(process: ProcessId, *, proc: Path = PROC) -> bool:
    """Say whether this very process runs, and not another one that got its number."""
    return identify(process.pid, proc=proc) == process


def child_of(pid: int, *, proc: Path = PROC) -> int | None:
    """Return the first child of a process."""
    for folder in sorted(proc.iterdir()):
        fields = _stat(int(folder.name), proc) if folder.name.isdigit() else None
        if fields and int(fields[PARENT_FIELD]) == pid:
            return int(folder.name)
    return None


def save(path: Path, process: ProcessId) -> None:
    write_atomically(path, json.dumps(asdict(process)) + "\n")


def load(path: Path) -> ProcessId | None:
    """Return the process written last, running or not."""
    return ProcessId(**json.loads(path.read_text())) if path.exists() else None
