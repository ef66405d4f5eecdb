"""Every trouble that a broker can make has a name, a sentence and a pace of its own."""

from __future__ import annotations

import socket
import ssl

import pytest
from pika import exceptions

from workqueue_worker import backoff
from workqueue_worker.credentials import CredentialsError
from workqueue_worker.troubles import (
    EXPECTED,
    ChannelLostError,
    ConsumerLostError,
    TroubleLog,
    diagnose,
)

REFUSED_SOCKET = exceptions.AMQPConnectionError(
    exceptions.AMQPConnectionError(ConnectionRefusedError(111, "Connection refused"))
)


@pytest.mark.parametrize(
    ("error", "reason", "schedule"),
    [
        (exceptions.ProbableAuthenticationError("no"), "AuthFailed", backoff.REFUSED),
        (exceptions.ProbableAccessDeniedError("no"), "VhostDenied", backoff.REFUSED),
        (exceptions.ConnectionClosedByBroker(530, "vhost"), "VhostDenied", backoff.REFUSED),
        (exceptions.ConnectionClosedByBroker(320, "FORCED"), "ClosedByBroker", backoff.NETWORK),
        (
            exceptions.ChannelClosedByBroker(404, "no queue 'q'"),
            "QueueMissing",
            backoff.ABSENT_QUEUE,
        ),
        (exceptions.ChannelClosedByBroker(404, "home node down"), "QueueNodeDown", backoff.NETWORK),
        (exceptions.ChannelClosedByBroker(403, "refused"), "AccessRefused", backoff.REFUSED),
        (exceptions.ChannelClosedByBroker(405, "locked"), "QueueLocked", backoff.REFUSED),
        (exceptions.ConnectionBlockedTimeout(), "Blocked", backoff.NETWORK),
        (exceptions.NackError([]), "Nacked", backoff.NETWORK),
        (exceptions.UnroutableError([]), "Unroutable", backoff.NETWORK),
        (exceptions.AMQPHeartbeatTimeout("silent"), "Unreachable", backoff.NETWORK),
        (exceptions.StreamLostError("cut"), "Unreachable", backoff.NETWORK),
        (REFUSED_SOCKET, "Unreachable", backoff.NETWORK),
        (socket.gaierror(-2, "Name or service not known"), "HostUnknown", backoff.NETWORK),
        (ssl.SSLCertVerificationError("bad"), "TLSError", backoff.REFUSED),
        (CredentialsError("no file"), "CredentialsUnreadable", backoff.REFUSED),
        (ConsumerLostError("cancelled"), "ConsumerCancelled", backoff.NETWORK),
        (ChannelLostError("closed"), "ChannelClosed", backoff.NETWORK),
    ],
)
def test_trouble_has_a_name_and_a_pace(
    error: BaseException, reason: str, schedule: backoff.Schedule
) -> None:
    assert isinstance(error, EXPECTED)
    trouble = diagnose(error)
    assert (trouble.reason, trouble.schedule) == (reason, schedule)
    assert trouble.message


def test_a_wrapped_error_is_told_by_its_innermost_words() -> None:
    said = diagnose(REFUSED_SOCKET).message
    assert said == "ConnectionRefusedError: [Errno 111] Connection refused"


def test_a_bug_of_ours_is_not_expected() -> None:
    assert not isinstance(KeyError("x"), EXPECTED)


def test_a_trouble_is_told_once_and_again_when_it_is_another_or_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = TroubleLog()
    for attempt in range(3):
        told.tell(REFUSED_SOCKET, attempt)
    told.tell(ConsumerLostError("deleted"), 3)
    told.forget()
    told.tell(ConsumerLostError("deleted"), 0)
    reasons = [getattr(each, "fields")["reason"] for each in caplog.records]  # noqa: B009 - set by us
    assert reasons == ["Unreachable", "ConsumerCancelled", "ConsumerCancelled"]
