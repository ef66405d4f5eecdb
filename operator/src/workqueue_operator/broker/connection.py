"""Connecting to a broker: the parameters, and what it means when that fails."""

import logging
import re
import ssl
from collections.abc import Iterator, Sequence

import pika
from pika.exceptions import ConnectionClosed, IncompatibleProtocolError

from workqueue_operator.broker.encryption import tls_alert, tls_context, tls_farewell, tls_trouble
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    AuthenticationFailedError,
    BrokerError,
    BrokerUnreachableError,
    TLSFailedError,
    VhostDeniedError,
)

NAME = "workqueue-operator"
HEARTBEAT_SECONDS = 30  # a silent cut is noticed after 2 to 3 of them
CONNECT_SECONDS = 5.0
HANDSHAKE_SECONDS = 8.0  # TCP, TLS and AMQP together
BLOCKED_SECONDS = 10.0

# pika logs every failed attempt with a traceback. Here each one becomes a typed error instead,
# and the monitor logs when the state changes.
logging.getLogger("pika").setLevel(logging.CRITICAL)


# The broker's words, out of a text in which pika quotes them.
_DENIED = re.compile(r"NOT_ALLOWED[^'\"]*")


def parameters(access: Access) -> pika.ConnectionParameters:
    """Where to connect, as whom, and how long to wait.

    Raises:
        ssl.SSLError: what the access trusts in is no certificate.
    """
    tls = None
    if access.tls:
        tls = pika.SSLOptions(tls_context(access), server_hostname=access.host)
    return pika.ConnectionParameters(
        host=access.host,
        port=access.port,
        virtual_host=access.vhost,
        credentials=pika.PlainCredentials(access.username, access.password),
        ssl_options=tls,
        heartbeat=HEARTBEAT_SECONDS,
        blocked_connection_timeout=BLOCKED_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        stack_timeout=HANDSHAKE_SECONDS,
        client_properties={"connection_name": NAME},
    )


def major_version(properties: object) -> int:
    """The broker's major version from its server properties; 0 when it does not say."""
    version = properties.get("version", "") if isinstance(properties, dict) else ""
    text = version.decode() if isinstance(version, bytes) else str(version)
    head = text.partition(".")[0]
    return int(head) if head.isdecimal() else 0


def connection_error(access: Access, error: BaseException) -> BrokerError:
    """The typed error for a connection that failed or was lost.

    The message names the address and the way out, and never the password.
    """
    chain = list(_causes(error))
    # pika also guesses "authentication" and "access" from the stage at which a connection ended;
    # a broker that is just starting ends them, too, so that only its own words count.
    words = " ".join(str(cause) for cause in chain)
    if access.tls and (said := _tls_words(access, chain, words)):
        return TLSFailedError(said)
    if "ACCESS_REFUSED" in words:
        return AuthenticationFailedError(
            f"{access.server} refused user {access.username!r}: check username and password in "
            f"the Secret"
        )
    if denied := _DENIED.search(words):
        return VhostDeniedError(
            f"{access.server} does not let user {access.username!r} into vhost {access.vhost!r} "
            f"({denied[0]}): create the vhost or correct spec.broker.vhost, and grant the user "
            f"permissions on it"
        )
    if any(isinstance(cause, IncompatibleProtocolError) for cause in chain):
        return BrokerUnreachableError(
            f"{access.server} does not speak AMQP here: check the port (5672 plain, 5671 TLS; "
            f"15672 is the management address)"
        )
    return BrokerUnreachableError(f"{access.server} cannot be reached: {_words(chain[-1])}")


def _tls_words(access: Access, chain: Sequence[BaseException], words: str) -> str | None:
    """What kept us from a TLS session; None: there was one."""
    failed = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
    if failed is not None:
        return tls_trouble(access, failed)
    if any(isinstance(cause, IncompatibleProtocolError) for cause in chain):
        return tls_alert(access, words) or tls_farewell(access)
    return tls_alert(access, words)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what pika wrapped into it, the innermost last."""
    yield error
    inner = getattr(error, "exception", None) or next(
        (one for one in reversed(getattr(error, "exceptions", error.args)) if _is_error(one)), None
    )
    if isinstance(inner, BaseException):
        yield from _causes(inner)


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException)


def _words(error: BaseException) -> str:
    """An error in words; some of pika's have none but their name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ConnectionClosed):
        return f"{error.reply_text} ({error.reply_code})"
    return str(error) or type(error).__name__
