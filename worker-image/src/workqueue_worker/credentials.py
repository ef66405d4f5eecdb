"""The broker's address and our name there, from files that a Secret is mounted as.

Read again at every connection: a Secret that changed needs no new pod.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

AMQP_PORT, AMQPS_PORT = 5672, 5671


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

    The vhost of a uri is not used: the WorkQueue names it.

    Raises:
        CredentialsError: a file is missing or makes no sense.
    """
    if (directory / "uri").exists():
        return _from_uri(_file(directory, "uri"))
    return BrokerAccess(
        host=_file(directory, "host"),
        port=_port(_file(directory, "port")),
        username=_file(directory, "username"),
        password=_file(directory, "password"),
    )


def _file(directory: Path, name: str) -> str:
    try:
        # Secrets made with `echo` end in a newline that nobody meant.
        text = (directory / name).read_text().rstrip("\r\n")
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
    if parts.scheme not in {"amqp", "amqps"} or not parts.hostname or not parts.username:
        raise CredentialsError(
            "the Secret's uri is not of the form amqp://username:password@host:port "
            "(characters like / @ : % in name or password must be percent-encoded)"
        )
    tls = parts.scheme == "amqps"
    return BrokerAccess(
        host=parts.hostname,
        port=port or (AMQPS_PORT if tls else AMQP_PORT),
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=tls,
    )
