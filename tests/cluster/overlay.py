"""Does overlayfs work on this file system? It does not on top of another overlay, for one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cluster.commands import succeeds

TRIAL = 'mount -t overlay overlay -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" "$1/m"'


def overlay_works(folder: Path) -> bool:
    """Try a mount in a mount namespace of its own, which takes the mount with it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".overlay-") as trial:
        for name in "luwm":
            (Path(trial) / name).mkdir()
        return succeeds(["unshare", "--mount", "sh", "-c", TRIAL, "sh", trial])
