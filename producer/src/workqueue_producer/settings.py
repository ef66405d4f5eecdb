"""Where to publish, from the command line, the environment and the files of a Secret.

The credentials come from files alone: a command line and an environment can be read by others.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workqueue_producer.errors import SettingsError

BROKER_DIR = "/var/run/workqueue/broker"
AMQP_PORT = 5672
AMQPS_PORT = 5671


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the user chose. `vhost` is None when neither an option nor the environment names one."""

    queue: str
    vhost: str | None
    broker_dir: Path
    content_type: str
    window: int
    retry_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the broker is and as whom we come."""

    host: str
    port: int
    tls: bool
    vhost: str
    username: str
    password: str = field(repr=False)

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """The system's certificate authorities, or None for plain AMQP."""
        return ssl.create_default_context() if self.tls else None


def read_access(directory: Path, vhost: str | None) -> Access:
    """Read the mounted Secret: `host`, `port`, `username`, `password`, or one `uri` (which wins).

    Raises:
        SettingsError: a file is missing or is not what it should be. Never quotes a value, nor
            chains an exception that does.
    """
    files = {name: _text(directory / name) for name in ("uri", "host", "username", "password")}
    if files["uri"]:
        return _from_uri(files["uri"], directory, vhost)
    absent = [name for name in ("host", "username", "password") if not files[name]]
    if absent:
        raise SettingsError(
            f"no {', '.join(absent)} in {directory}: mount the broker's Secret there (host, port, "
            f"username and password, or one uri), or name its folder with --broker-dir"
        )
    port = _port(_text(directory / "port") or str(AMQP_PORT), directory)
    return Access(
        host=files["host"],
        port=port,
        tls=port == AMQPS_PORT,
        vhost=vhost or "/",
        username=files["username"],
        password=files["password"],
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {type(error).__name__}") from None


def _port(text: str, directory: Path) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"{directory}/port is not a number from 1 to 65535")
    return int(text)


def _from_uri(uri: str, directory: Path, vhost: str | None) -> Access:
    where = f"{directory}/uri"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{where} is not a URI (encode / @ : % in the password)") from None
    if parts.scheme not in {"amqp", "amqps"} or not (parts.hostname and parts.username):
        raise SettingsError(f"{where} must look like amqp[s]://user:password@host:port/vhost")
    tls = parts.scheme == "amqps"
    return Access(
        host=parts.hostname,
        port=port or (AMQPS_PORT if tls else AMQP_PORT),
        tls=tls,
        vhost=_agreed_vhost(unquote(parts.path[1:]), vhost, where),
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
    )


def _agreed_vhost(in_uri: str, asked: str | None, where: str) -> str:
    if in_uri and asked and in_uri != asked:
        raise SettingsError(
            f"{where} names vhost {in_uri!r}, but --vhost or WORKQUEUE_VHOST says {asked!r}: "
            f"take the vhost out of the uri, or make the two agree"
        )
    return asked or in_uri or "/"
