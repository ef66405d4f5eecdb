"""Turns what pika and the operating system report into our errors."""

import re
import socket
import ssl

from pika import exceptions

from workqueue_producer.errors import (
    AccessError,
    BrokerLostError,
    PublishError,
    QueueMissingError,
    RefusedError,
    StalledError,
)
from workqueue_producer.settings import Access

_ALERT = re.compile(r"ALERT_[A-Z_]*(?:CERTIFICATE|CA|HANDSHAKE)[A-Z_]*")
_NOT_FOUND = 404
_FORBIDDEN = 403


def from_connection(error: BaseException, access: Access) -> PublishError:
    """Judge a connection that could not be opened, or that ended."""
    cause = _root(error)
    words = describe(cause)
    if isinstance(cause, exceptions.ConnectionBlockedTimeout):
        return StalledError(
            f"the broker at {access.server} has blocked publishers for too long: it is short of "
            f"memory or disk (`rabbitmq-diagnostics alarms`); publish again when that is over"
        )
    # pika concludes these two from the step at which the connection broke, and a broker that
    # restarts breaks it at any step: only the broker's own words make them final.
    if isinstance(cause, exceptions.ProbableAuthenticationError) and "(403)" in words:
        return AccessError(
            f"the broker at {access.server} refuses user {access.username!r}: check username and "
            f"password in the Secret ({words})"
        )
    if _is_vhost_refusal(cause, words):
        return AccessError(
            f"the broker at {access.server} refuses vhost {access.vhost!r}: it does not exist, or "
            f"user {access.username!r} has no permissions in it ({words})"
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return AccessError(
            f"the certificate of {access.server} is not trusted: {words}. Mount the "
            f"authority that signed it as ca.crt (--tls-dir), and use a host that it is issued for"
        )
    if access.tls and (alert := _ALERT.search(f"{words} {getattr(cause, 'reason', '')}")):
        # In TLS 1.3 it comes after the handshake, and pika makes a text of it.
        return AccessError(
            f"the broker at {access.server} ended the TLS session ({alert[0]}): it wants a "
            f"certificate of ours, or another one; mount tls.crt and tls.key beside ca.crt "
            f"(--tls-dir)"
        )
    return BrokerLostError(f"no connection to the broker at {access.server}: {words}")


def from_channel(code: int, text: str, *, queue: str, vhost: str) -> PublishError:
    """Judge a channel that the broker closed."""
    if code == _NOT_FOUND and "no queue" in text:
        return QueueMissingError(queue, vhost)
    if code == _NOT_FOUND:  # a classic queue whose node is down
        return BrokerLostError(f"queue {queue!r} is not available: {text}")
    if code == _FORBIDDEN:
        return AccessError(
            f"the broker does not let this user publish to queue {queue!r}: it needs write "
            f"permission on `amq.default` in vhost {vhost!r} ({text})"
        )
    return RefusedError(f"the broker closed the channel to queue {queue!r}: {code} {text}")


def is_forbidden_look(code: int) -> bool:
    """Whether only looking at the queue is forbidden (RabbitMQ 4.2.7 and later ask for a right)."""
    return code == _FORBIDDEN


def describe(error: BaseException) -> str:
    """Say an exception in a few words. None of these hold a credential."""
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve ({error.strerror})"
    if isinstance(error, exceptions.ConnectionClosed):
        return f"({error.reply_code}) {error.reply_text}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"{type(error).__name__} {', '.join(map(str, error.args))}".strip()


def _is_vhost_refusal(cause: BaseException, words: str) -> bool:
    """A limit on connections has the same code, but passes."""
    return (
        isinstance(cause, exceptions.ProbableAccessDeniedError | exceptions.ConnectionClosed)
        and "(530)" in words
        and "limit" not in words
    )


def _root(error: BaseException) -> BaseException:
    """Dig the cause out of pika's wrappings: workflow, phase, and the error itself."""
    inner = getattr(error, "exceptions", None)
    if inner:
        return _root(inner[-1])
    wrapped = getattr(error, "exception", None)
    if isinstance(wrapped, BaseException):
        return _root(wrapped)
    if type(error) is exceptions.AMQPConnectionError and error.args:
        first = error.args[0]
        return _root(first) if isinstance(first, BaseException) else error
    return error
