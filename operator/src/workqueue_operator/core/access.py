"""A broker access: address, vhost and credentials, as read from a Secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, unquote, urlsplit

from workqueue_operator.core.errors import SecretError, VhostMismatchError
from workqueue_operator.core.trust import Trust

AMQP_PORT = 5672
AMQPS_PORT = 5671


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a broker is and as whom we come. Equal accesses share one monitor."""

    host: str
    port: int
    tls: bool
    vhost: str
    username: str
    password: str = field(repr=False)
    management_uri: str | None = None
    trust: Trust | None = None
    """None: in TLS the authorities of the system are believed, and nothing is shown."""

    @property
    def server(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """host:port/vhost, for people and for status; holds no secret.

        The usual vhost "/" is left out, so that "/a" and "a" stay two addresses.
        """
        return f"{self.server}/{'' if self.vhost == '/' else self.vhost}"


def from_secret(
    name: str,
    data: Mapping[str, bytes],
    *,
    vhost: str,
    management_uri: str | None,
    trust: Trust | None = None,
) -> Access:
    """Read a Secret with host, port, username, password, or one uri (which wins).

    TLS is used where there is a trust, on port 5671, and for an amqps uri.

    Raises:
        SecretError: a key is missing or is not what it should be. Never quotes a value.
        VhostMismatchError: the uri names another vhost.
    """
    try:
        # Secrets made with `echo` end in a newline; a blank may belong to a password.
        text = {key: data[key].decode().rstrip("\r\n") for key in _KEYS & data.keys()}
    except UnicodeDecodeError:  # it quotes the byte
        raise SecretError(f"Secret {name!r} has a value that is not UTF-8 text") from None
    if "uri" in text:
        access = _from_uri(name, text["uri"], vhost=vhost)
    else:
        access = _from_keys(name, text, vhost=vhost)
    tls = access.tls or trust is not None
    return replace(access, tls=tls, management_uri=management_uri, trust=trust)


def _from_keys(name: str, text: Mapping[str, str], *, vhost: str) -> Access:
    absent = [key for key in ("host", "port", "username", "password") if not text.get(key)]
    if absent:
        raise SecretError(
            f"Secret {name!r} lacks {', '.join(absent)}: it must hold host, port, username and "
            f"password (as the RabbitMQ Cluster Operator writes them), or one uri"
        )
    port = _port(name, text["port"])
    return Access(
        host=text["host"],
        port=port,
        tls=port == AMQPS_PORT,
        vhost=vhost,
        username=text["username"],
        password=text["password"],
    )


_KEYS = frozenset({"uri", "host", "port", "username", "password"})
_DIGITS = re.compile("[0-9]{1,5}")


def _port(name: str, text: str) -> int:
    if not _DIGITS.fullmatch(text) or not 0 < int(text) < 65536:
        raise SecretError(f"Secret {name!r} has a port that is not a number from 1 to 65535")
    return int(text)


def _from_uri(name: str, uri: str, *, vhost: str) -> Access:
    split, port = _split(name, uri)
    in_uri = unquote(split.path[1:])
    if in_uri and in_uri != vhost:
        raise VhostMismatchError(name, in_uri=in_uri, in_spec=vhost)
    tls = split.scheme == "amqps"
    return Access(
        host=split.hostname or "",
        port=port or (AMQPS_PORT if tls else AMQP_PORT),
        tls=tls,
        vhost=vhost,
        username=unquote(split.username or ""),
        password=unquote(split.password or ""),
    )


def _split(name: str, uri: str) -> tuple[SplitResult, int | None]:
    """Split without ever letting the uri, which holds a password, into an error."""
    try:
        split = urlsplit(uri)
        port = split.port
    except ValueError:
        raise SecretError(f"Secret {name!r} has a uri that cannot be read") from None
    # An @ behind the host: the password has a / ? or # in it, and a part of it would pass for host
    # or vhost, which errors do quote.
    spilt = "@" in f"{split.path}{split.query}{split.fragment}"
    if split.scheme not in {"amqp", "amqps"} or not (split.hostname and split.username) or spilt:
        raise SecretError(
            f"Secret {name!r} has a uri that is not amqp://user:password@host:port or amqps://...; "
            f"write characters like / @ : % in name, password and vhost as %2F %40 %3A %25"
        )
    return split, port
