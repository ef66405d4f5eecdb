"""What pika reports becomes a sentence, and the right answer to: is trying again of any use?"""

import socket
import ssl

import pytest
from pika import exceptions
from pika.adapters.utils import connection_workflow

from workqueue_producer import faults
from workqueue_producer.errors import (
    AccessError,
    BrokerLostError,
    PublishError,
    QueueMissingError,
    RefusedError,
    StalledError,
)
from workqueue_producer.settings import Access

ACCESS = Access(
    host="rabbitmq", port=5672, tls=False, vhost="team", username="user", password="s3cret"
)


def wrapped(error: Exception) -> Exception:
    """As pika's connection workflow wraps what went wrong below it."""
    phase = connection_workflow.AMQPConnectorSocketConnectError(error)
    workflow = connection_workflow.AMQPConnectionWorkflowFailed([phase])
    outermost: Exception = exceptions.AMQPConnectionError(workflow)
    return outermost


@pytest.mark.parametrize(
    ("error", "kind", "transient", "words"),
    [
        pytest.param(
            wrapped(ConnectionRefusedError(111, "Connection refused")),
            BrokerLostError,
            True,
            "no connection to the broker at rabbitmq:5672: Connection refused",
            id="a refused connection passes",
        ),
        pytest.param(
            wrapped(socket.gaierror(-2, "Name or service not known")),
            BrokerLostError,
            True,
            "the name does not resolve",
            id="a Service may not be there yet",
        ),
        pytest.param(
            exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED - shutdown"),
            BrokerLostError,
            True,
            "(320) CONNECTION_FORCED",
            id="a broker that shuts down comes back",
        ),
        pytest.param(
            exceptions.ProbableAuthenticationError("ConnectionClosedByBroker: (403) 'refused'"),
            AccessError,
            False,
            "refuses user 'user': check username and password",
            id="a wrong password stays wrong",
        ),
        pytest.param(
            exceptions.ProbableAuthenticationError("StreamLostError: EOF"),
            BrokerLostError,
            True,
            "EOF",
            id="a cut while logging in is no wrong password",
        ),
        pytest.param(
            exceptions.ProbableAccessDeniedError("ConnectionClosedByBroker: (530) 'not found'"),
            AccessError,
            False,
            "refuses vhost 'team'",
            id="a missing vhost stays missing",
        ),
        pytest.param(
            exceptions.ConnectionClosedByBroker(530, "NOT_ALLOWED - vhost team is deleted"),
            AccessError,
            False,
            "refuses vhost 'team'",
            id="a vhost that is deleted meanwhile",
        ),
        pytest.param(
            exceptions.ProbableAccessDeniedError("(530) 'connection limit (5) is reached'"),
            BrokerLostError,
            True,
            "limit",
            id="a limit on connections passes",
        ),
        pytest.param(
            wrapped(ssl.SSLCertVerificationError(1, "self-signed certificate")),
            AccessError,
            False,
            "certificate of rabbitmq:5672 is not trusted",
            id="an untrusted certificate stays untrusted",
        ),
        pytest.param(
            exceptions.ConnectionBlockedTimeout("Blocked connection timeout expired."),
            StalledError,
            False,
            "short of memory or disk",
            id="an alarm that lasts",
        ),
    ],
)
def test_a_connection_that_fails(
    error: Exception, kind: type[PublishError], transient: bool, words: str
) -> None:
    fault = faults.from_connection(error, ACCESS)
    assert type(fault) is kind
    assert fault.transient is transient
    assert words in str(fault)
    assert "s3cret" not in str(fault)


@pytest.mark.parametrize(
    ("code", "text", "kind", "words"),
    [
        pytest.param(
            404,
            "NOT_FOUND - no queue 'q'",
            QueueMissingError,
            "kubectl get workqueue",
            id="no queue",
        ),
        pytest.param(
            404, "home node 'n3' is down", BrokerLostError, "home node", id="its node is down"
        ),
        pytest.param(403, "ACCESS_REFUSED", AccessError, "write permission", id="no permission"),
        pytest.param(
            406, "message size 9 is larger", RefusedError, "406 message size 9", id="too large"
        ),
    ],
)
def test_a_channel_that_the_broker_closes(
    code: int, text: str, kind: type[PublishError], words: str
) -> None:
    fault = faults.from_channel(code, text, queue="q", vhost="team")
    assert type(fault) is kind
    assert words in str(fault)
