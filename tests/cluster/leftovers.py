"""What a cluster leaves on the machine although its namespaces are gone, and its removal.

Two things: folders that had to exist as mount points, and the cgroups of containers. Whatever was
there before the start is somebody else's, and is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cluster.cache import write_atomically

# What kubelet, containerd and the network plugins write outside the state folder. Each gets an
# empty file system of its own inside the cluster.
PRIVATE_FOLDERS = ("/run", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")
CGROUPS = Path("/sys/fs/cgroup")
# containerd's name for the cgroup of all pods; kubelet cannot be told another without delegation.
POD_CGROUP = "k8s.io"


def pod_cgroups(root: Path = CGROUPS) -> list[Path]:
    """Return where pods' cgroups are or will be: one per controller (v1), or one (v2)."""
    if (root / "cgroup.controllers").exists():
        return [root / POD_CGROUP]
    controllers = (path for path in root.glob("*") if path.is_dir() and not path.is_symlink())
    return [path / POD_CGROUP for path in controllers]


def note(record: Path, candidates: Iterable[Path]) -> None:
    """Add to the record what does not exist yet, and so will be ours."""
    known = set(record.read_text().splitlines()) if record.exists() else set()
    ours = {str(path) for path in candidates if not path.exists()}
    write_atomically(record, "".join(f"{path}\n" for path in sorted(known | ours)))


def make_private_folders(record: Path) -> None:
    """Make the mount points, and remember which did not exist before."""
    note(record, [*map(Path, PRIVATE_FOLDERS), *pod_cgroups()])
    for folder in PRIVATE_FOLDERS:
        Path(folder).mkdir(parents=True, exist_ok=True)


def remove(record: Path) -> list[Path]:
    """Remove what is recorded, empty folders alone, and return what is left of it."""
    if not record.exists():
        return []
    paths = [Path(line) for line in record.read_text().splitlines()]
    left = [path for path in paths if not _remove_empty(path)]
    record.unlink()
    return left


def _remove_empty(top: Path) -> bool:
    """Remove a tree of folders, the deepest first; False when something uses it.

    In a cgroup every folder holds files of the kernel's: there "empty" means without processes.
    """
    below = (path for path in top.rglob("*") if path.is_dir())
    for folder in [*sorted(below, reverse=True), top]:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # not empty, or a cgroup with processes
            return False
    return True
