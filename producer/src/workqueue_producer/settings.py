"""Where to publish, from the command line, the environment and the files of a Secret.

The credentials come from files alone: a command line and an environment can be read by others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workqueue_producer.errors import SettingsError

BROKER_DIR = "/var/run/workqueue/broker"
TLS_DIR = "/etc/workqueue/tls"
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
    tls_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the broker is and as whom we come."""

    host: str
    port: int
    tls: bool
    vhost: str
    username: str
    password: str = field(repr=False)
    tls_dir: Path | None = None  # with ca.crt [tls.crt, tls.key]; None: the system's authorities

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}"


def read_access(directory: Path, vhost: str | None, tls_dir: Path | None = None) -> Access:
    """Read the mounted Secret: `host`, `port`, `username`, `password`, or one `uri` (which wins).

    TLS is used where tls_dir has a ca.crt, on port 5671, and for an amqps uri.

    Raises:
        SettingsError: a file is missing or is not what it should be. Never quotes a value, nor
            chains an exception that does.
    """
    tls = tls_dir and _version(tls_dir)
    return of_one_version(directory, lambda version: _read(version, vhost, tls))


def of_one_version(directory: Path, reader: Callable[[Path], Access]) -> Access:
    """What `reader` makes of a mounted Secret, never half of it and half of the next version.

    The kubelet removes a version once there is a new one: what vanishes is read again.
    """
    while True:
        version = _version(directory)
        try:
            return reader(version)
        except SettingsError:
            if _version(directory) == version:
                raise


def _version(directory: Path) -> Path:
    """The folder that the names in a mounted Secret lead to now."""
    versioned = directory / "..data"
    return versioned.resolve() if versioned.is_symlink() else directory


def _read(directory: Path, vhost: str | None, tls_dir: Path | None) -> Access:
    files = {name: _text(directory / name) for name in ("uri", "host", "username", "password")}
    if files["uri"]:
        access = _from_uri(files["uri"], directory, vhost)
    else:
        access = _from_keys(files, directory, vhost)
    if tls_dir is None or not (tls_dir / "ca.crt").exists():
        return access
    return replace(access, tls=True, tls_dir=tls_dir)


def _from_keys(files: Mapping[str, str], directory: Path, vhost: str | None) -> Access:
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
        # Files made with `echo` end in a newline; a blank may belong to a password.
        return path.read_text(encoding="utf-8").rstrip("\r\n")
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
    # An @ behind the host: a character of the password was taken for the end of it, and errors
    # would quote the rest of it as the host or the vhost.
    spilt = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    named = parts.hostname and parts.username
    if parts.scheme not in {"amqp", "amqps"} or not named or spilt:
        raise SettingsError(
            f"{where} must look like amqp[s]://user:password@host:port/vhost (encode characters "
            f"like / @ : % as %2F %40 %3A %25)"
        )
    tls = parts.scheme == "amqps"
    return Access(
        host=parts.hostname or "",
        port=port or (AMQPS_PORT if tls else AMQP_PORT),
        tls=tls,
        vhost=_agreed_vhost(unquote(parts.path[1:]), vhost, where),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _agreed_vhost(in_uri: str, asked: str | None, where: str) -> str:
    if in_uri and asked and in_uri != asked:
        raise SettingsError(
            f"{where} names vhost {in_uri!r}, but --vhost or WORKQUEUE_VHOST says {asked!r}: "
            f"take the vhost out of the uri, or make the two agree"
        )
    return asked or in_uri or "/"
