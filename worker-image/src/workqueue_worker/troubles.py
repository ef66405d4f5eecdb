"""What went wrong with the broker, in a word and a sentence, and how soon to try again."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from pika import exceptions

from workqueue_worker import backoff
from workqueue_worker.credentials import CredentialsError
from workqueue_worker.logs import fields

log = logging.getLogger(__name__)


class ConsumerLostError(Exception):
    """The broker cancelled the consumer: the queue was deleted, or a time limit passed."""


class ChannelLostError(Exception):
    """The broker closed the channel while nobody was calling it."""


EXPECTED = (exceptions.AMQPError, OSError, CredentialsError, ConsumerLostError, ChannelLostError)
"""All that a broker, the way to it and a Secret can do to us. pika lets errors of DNS, sockets
and TLS through as OSError. Anything else is a bug of ours and is raised."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`reason` is CamelCase, `message` for people, `schedule` for the next attempt."""

    reason: str
    message: str
    schedule: backoff.Schedule = backoff.NETWORK


_ALERT = re.compile(r"_ALERT_[A-Z_]*(CERTIFICATE|CA|HANDSHAKE)")

KNOWN: tuple[tuple[tuple[type[BaseException], ...], str, str, backoff.Schedule], ...] = (
    ((CredentialsError,), "CredentialsUnreadable", "{}", backoff.REFUSED),
    (
        (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError),
        "AuthFailed",
        "name or password refused: {}",
        backoff.REFUSED,
    ),
    ((exceptions.ProbableAccessDeniedError,), "VhostDenied", "vhost refused: {}", backoff.REFUSED),
    ((ConsumerLostError,), "ConsumerCancelled", "{}", backoff.NETWORK),
    ((ChannelLostError,), "ChannelClosed", "{}", backoff.NETWORK),
    (
        (exceptions.ConnectionBlockedTimeout,),
        "Blocked",
        "the broker takes no messages (memory or disk alarm)",
        backoff.NETWORK,
    ),
    (
        (exceptions.UnroutableError,),
        "Unroutable",
        "there is no queue of that name",
        backoff.NETWORK,
    ),
    ((exceptions.NackError,), "Nacked", "the broker refused the message", backoff.NETWORK),
    ((ssl.SSLError,), "TLSError", "{}", backoff.REFUSED),
    ((socket.gaierror,), "HostUnknown", "{}", backoff.NETWORK),
)


def diagnose(error: BaseException) -> Trouble:
    """Name the trouble that `error` (one of EXPECTED) stands for."""
    if isinstance(error, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return _closed(error.reply_code, error.reply_text)
    innermost = list(_chain(error))[-1]
    said = str(innermost) or type(innermost).__name__
    if _ALERT.search(said):
        # In TLS 1.3 it comes after the handshake, and pika makes a text of it.
        return Trouble(
            "TLSError", f"the broker did not like our certificate: {said}", backoff.REFUSED
        )
    for kinds, reason, message, schedule in KNOWN:
        if isinstance(error, kinds) or isinstance(innermost, kinds):
            return Trouble(reason, message.format(said), schedule)
    return Trouble("Unreachable", f"{type(innermost).__name__}: {said}")


def _closed(code: int, text: str) -> Trouble:
    """The broker's reply codes: rabbitmq.com, "AMQP 0-9-1 complete reference"."""
    match code:
        case 403:
            return Trouble("AccessRefused", text, backoff.REFUSED)
        case 404 if "no queue" in text:
            return Trouble("QueueMissing", text, backoff.ABSENT_QUEUE)
        case 404:
            return Trouble("QueueNodeDown", text)
        case 405:
            return Trouble("QueueLocked", text, backoff.REFUSED)
        case 530:
            return Trouble("VhostDenied", text, backoff.REFUSED)
    return Trouble("ClosedByBroker", f"({code}) {text}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """pika wraps the error of a socket in others, as their argument or attribute."""
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        wrapped = (getattr(inner, "exception", None), *inner.args)
        inner = next((item for item in wrapped if isinstance(item, BaseException)), None)


class TroubleLog:
    """Tells of a trouble once, and again when it becomes another one."""

    def __init__(self) -> None:
        self._told = ""

    def tell(self, error: BaseException, failed_in_a_row: int) -> Trouble:
        trouble = diagnose(error)
        if trouble.reason == self._told:
            log.debug("still not consuming", extra=fields(attempts=failed_in_a_row))
        else:
            self._told = trouble.reason
            log.warning("not consuming: %s", trouble.message, extra=fields(reason=trouble.reason))
        return trouble

    def forget(self) -> None:
        """It is over: the next one is told in any case."""
        self._told = ""
