"""An authority, what it has signed, and the same as the data of a Secret."""

from collections.abc import Mapping
from pathlib import Path

from cluster import pki

SERVER, CLIENT, RENEWED = "server", "client", "renewed"


def make(folder: Path, *, serves: str = "IP:127.0.0.1") -> Path:
    """An authority, and key pairs of a broker (of this name) and of clients; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pki.authority(folder)
    pki.issue(folder, pki.Certificate(SERVER, SERVER, serves=(serves,)))
    for client in (CLIENT, RENEWED):
        pki.issue(folder, pki.Certificate(client, client))
    return folder


def trusting(folder: Path) -> Mapping[str, str]:
    """The keys of a Secret by which a broker of this authority is believed."""
    return {"ca.crt": (folder / "ca.crt").read_text()}


def mutual(folder: Path, client: str = CLIENT) -> Mapping[str, str]:
    """The same, and a certificate of one's own."""
    pair = {f"tls.{kind}": (folder / f"{client}.{kind}").read_text() for kind in ("crt", "key")}
    return {**trusting(folder), **pair}


def mount(target: Path, data: Mapping[str, str]) -> Path:
    """Lay a Secret out as the kubelet does: files that lead to the version that `..data` names.

    Called again it changes the version under everybody's feet, at once. Returns the target.
    """
    target.mkdir(parents=True, exist_ok=True)
    number = len(list(target.glob("..v*")))
    version = target / f"..v{number}"
    version.mkdir()
    for name, text in data.items():
        (version / name).write_text(text, encoding="utf-8")
        if not (target / name).is_symlink():
            (target / name).symlink_to(Path("..data") / name)
    swapped = target / "..data_tmp"
    swapped.symlink_to(version.name)
    swapped.rename(target / "..data")
    for entry in target.iterdir():
        if entry.is_symlink() and not entry.exists():
            entry.unlink()
    return target
