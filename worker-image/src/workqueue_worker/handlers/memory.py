"""Ends a task's process just before the container's memory ends.

On cgroup v2 the kubelet lets the kernel kill a whole container at once when its memory runs out
(`memory.oom.group`), the worker with it, unless told otherwise (`singleProcessOOMKill`). So the
worker looks itself, and kills the one process that has grown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOK_SECONDS = 0.02
"""How often it is looked at. A process that touches fresh memory gets some 2 GiB/s."""
MARGIN_PART, MARGIN_BYTES = 0.05, 16 * 2**20
"""What is left free for the moment between two looks: the larger of the two."""


@dataclass(frozen=True, slots=True)
class MemoryGuard:
    """`limit_bytes` is for the worker and its process together."""

    limit_bytes: int
    proc: Path = Path("/proc")

    @classmethod
    def of_container(cls, cgroup: Path = CGROUP) -> MemoryGuard | None:
        """None where the kernel kills one process alone, or where there is no limit."""
        try:
            together = (cgroup / "memory.oom.group").read_text().strip() == "1"
            limit = (cgroup / "memory.max").read_text().strip()
        except OSError:  # cgroup v1, or none that can be seen
            return None
        if not together or not limit.isdigit():  # "max": no limit
            return None
        return cls(int(limit))

    def exceeded(self, pid: int) -> bool:
        """Whether it is time to end the process `pid`."""
        margin = max(MARGIN_BYTES, int(self.limit_bytes * MARGIN_PART))
        return self._own_bytes(os.getpid()) + self._own_bytes(pid) > self.limit_bytes - margin

    def _own_bytes(self, pid: int) -> int:
        """What cannot be dropped when memory is short: resident and backed by no file."""
        try:
            resident, shared = (self.proc / str(pid) / "statm").read_text().split()[1:3]
        except (OSError, ValueError):  # it has ended meanwhile
            return 0
        return (int(resident) - int(shared)) * PAGE_BYTES
