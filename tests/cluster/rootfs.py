"""The base of every image: a small Debian with Python, made by debootstrap.

The mirror is the one that this machine's apt uses, so no host is named here.
"""

from __future__ import annotations

from pathlib import Path

from cluster.cache import cached, content_key
from cluster.commands import output, run_logged
from cluster.console import step
from cluster.errors import ClusterError
from cluster.packages import IMAGE_TOOLS, install_missing
from cluster.paths import Paths
from cluster.versions import BASE_PACKAGES, DEBIAN_SUITE

USUALLY_SECONDS = 60
# Left out of the image: nothing in it is read by a worker, and every node would carry it.
UNUSED = ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*", "usr/share/doc/*", "usr/share/man")


def base_name() -> str:
    """Return the cache name of the root file system."""
    return f"{DEBIAN_SUITE}-{content_key(DEBIAN_SUITE, *BASE_PACKAGES, *UNUSED)}"


def choose_mirror(targets: str) -> str:
    """Pick a mirror from lines `REPO_URI SUITE COMPONENT` of `apt-get indextargets`.

    The first archive with a `main` component that is no security or updates archive: those hold
    only a part of the packages.

    Raises:
        ClusterError: there is none.
    """
    for line in targets.splitlines():
        uri, suite, component = line.split()
        partial = "security" in uri or suite.endswith(("-security", "-updates", "-backports"))
        if component == "main" and not partial:
            return uri
    raise ClusterError(
        "apt on this machine knows no Debian archive to make the base image from",
        ways_out="run `apt-get update`, and see /etc/apt/sources.list.",
    )


def machine_mirror() -> str:
    """Return the Debian archive that apt on this machine is configured with."""
    wanted = ["--format", "$(REPO_URI) $(SUITE) $(COMPONENT)", "Identifier: Packages"]
    return choose_mirror(output(["apt-get", "indextargets", *wanted]))


def root_filesystem(paths: Paths) -> Path:
    """Return a folder with `root/` (to chroot into) and `rootfs.tar` (for the image)."""
    return cached(paths.cache / "base", base_name(), lambda target: _make(paths, target))


def _make(paths: Paths, target: Path) -> None:
    install_missing(paths, IMAGE_TOOLS)
    root = target / "root"
    log = paths.log("debootstrap")
    title = f"Making the base root file system (Debian {DEBIAN_SUITE} with Python)"
    with step(title, usually_seconds=USUALLY_SECONDS) as running:

        def follow(line: str) -> None:
            running.how_far = line.removeprefix("I: ").strip()[:60]

        run_logged(
            "debootstrap",
            ["debootstrap", "--variant=minbase", f"--include={','.join(BASE_PACKAGES)}"]
            + [DEBIAN_SUITE, root, machine_mirror()],
            log=log,
            on_line=follow,
            ways_out="see whether apt-get works here, and run this again.",
        )
        _trim(root)
        run_logged("tar", ["tar", "-C", root, "-cf", target / "rootfs.tar", "."], log=log)


def _trim(root: Path) -> None:
    """Empty the folders nobody reads, but keep copyright files: licences ask for them."""
    for pattern in UNUSED:
        for path in root.glob(pattern):
            for file in [path, *path.rglob("*")]:
                if file.is_symlink() or (file.is_file() and file.name != "copyright"):
                    file.unlink()
