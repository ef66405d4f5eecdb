"""The broker's address and our name there, from files that a Secret is mounted as.

Read again at every connection: a Secret that changed needs no new pod (renewal.py notices it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

AMQP_PORT, AMQPS_PORT = 5672, 5671
BROKER_FILES = ("uri", "host", "port", "username", "password")
AUTHORITIES, CERTIFICATE, KEY = TLS_FILES = ("ca.crt", "tls.crt", "tls.key")

T = TypeVar("T")


class CredentialsError(Exception):
    """The mounted files do not say how to reach the broker. Never quotes what is in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccess:
    """Where the broker is, and who we are there."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: bool = False


def read(directory: Path) -> BrokerAccess:
    """Read `uri` where there is one, and else `host`, `port`, `username` and `password`.

    The vhost of a uri is not used: the WorkQueue names it. Port 5671 is TLS, as for the operator.

    Raises:
        CredentialsError: a file is missing or makes no sense.
    """
    return of_one_version(directory, _read)


def of_one_version(directory: Path, reader: Callable[[Path], T]) -> T:
    """What `reader` makes of a mounted folder, never half of one Secret and half of the next.

    The kubelet puts a new version beside the old one, lets `..data` point at it, and removes the
    old one: what vanishes while it is read is read again.
    """
    while True:
        version = _version(directory)
        try:
            return reader(version)
        except CredentialsError:
            if _version(directory) == version:
                raise


def _version(directory: Path) -> Path:
    versioned = directory / "..data"
    return versioned.resolve() if versioned.is_symlink() else directory


def fingerprint(broker_dir: Path, tls_dir: Path | None) -> str:
    """Of all that a connection is made with; whoever sees it learns nothing of what is there."""
    digest = hashlib.sha256()
    for directory, names in ((broker_dir, BROKER_FILES), (tls_dir, TLS_FILES)):
        for name in names if directory else ():
            digest.update(name.encode() + b"\0" + _bytes(directory, name) + b"\0")
    return digest.hexdigest()


def _bytes(directory: Path | None, name: str) -> bytes:
    try:
        return (directory / name).read_bytes() if directory else b""
    except OSError:
        return b""  # absent, which read() tells about


def _read(directory: Path) -> BrokerAccess:
    if (directory / "uri").exists():
        return _from_uri(_file(directory, "uri"))
    port = _port(_file(directory, "port"))
    return BrokerAccess(
        host=_file(directory, "host"),
        port=port,
        username=_file(directory, "username"),
        password=_file(directory, "password"),
        tls=port == AMQPS_PORT,
    )


def _file(directory: Path, name: str) -> str:
    try:
        # Secrets made with `echo` end in a newline that nobody meant.
        text = (directory / name).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(
            f"cannot read {directory / name}: {type(error).__name__}. The broker's Secret needs "
            "the keys host, port, username and password, or one key uri"
        ) from None
    if not text:
        raise CredentialsError(f"{directory / name} is empty; give the Secret's key a value")
    return text


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise CredentialsError("the Secret's port is no number from 1 to 65535")


def _from_uri(uri: str) -> BrokerAccess:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:  # urllib quotes what it refused, and that may be the password
        parts, port = SplitResult("", "", "", "", ""), None
    # An @ behind the host: a character of the password was taken for the end of it.
    spilt = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    named = parts.hostname and parts.username
    if parts.scheme not in {"amqp", "amqps"} or not named or spilt:
        raise CredentialsError(
            "the Secret's uri is not of the form amqp://username:password@host:port "
            "(characters like / @ : % in name or password must be percent-encoded)"
        )
    tls = parts.scheme == "amqps"
    return BrokerAccess(
        host=parts.hostname or "",
        port=port or (AMQPS_PORT if tls else AMQP_PORT),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
    )
