"""What a failed connection means, and that nobody's password is in the words."""

import socket
import ssl
from dataclasses import replace

import pytest
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorSocketConnectError,
)
from pika.exceptions import (
    AMQPConnectionError,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from workqueue_operator.broker.connection import connection_error, major_version, parameters
from workqueue_operator.broker.management import queues_url, trouble_in_words
from workqueue_operator.core.access import Access

ACCESS = Access(
    host="rabbit.example", port=5672, tls=False, vhost="shop", username="ann", password="p4ss/w@rd"
)


def distrust(code: int, words: str) -> ssl.SSLCertVerificationError:
    """As OpenSSL judges the broker's certificate."""
    error = ssl.SSLCertVerificationError(words)
    error.verify_code, error.verify_message = code, words
    return error


def alert(reason: str) -> ssl.SSLError:
    """As OpenSSL names what the broker says."""
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


REFUSED = "ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused using PLAIN'"
DENIED = "ConnectionClosedByBroker: (530) 'NOT_ALLOWED - vhost shop not found'"


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        pytest.param(
            ProbableAuthenticationError(REFUSED),
            "AuthenticationFailed",
            "refused user 'ann': check username and password",
            id="a wrong password",
        ),
        pytest.param(
            ProbableAuthenticationError("StreamLostError: EOF"),
            "BrokerUnreachable",
            "StreamLostError",
            id="a connection that ended in the login of a starting broker is no wrong password",
        ),
        pytest.param(
            ProbableAccessDeniedError(DENIED),
            "VhostDenied",
            "(NOT_ALLOWED - vhost shop not found): create the vhost",
            id="a vhost that does not exist",
        ),
        pytest.param(
            distrust(18, "self-signed certificate"),
            "TLSFailed",
            "(self-signed certificate); ours are the system's: name a Secret with ca.crt",
            id="a certificate that nobody vouches for",
        ),
        pytest.param(
            distrust(62, "Hostname mismatch"),
            "TLSFailed",
            "for another name (Hostname mismatch): use a name of the certificate as host",
            id="a certificate for another name",
        ),
        pytest.param(
            distrust(10, "certificate has expired"),
            "TLSFailed",
            "not valid now (certificate has expired): renew it on the broker",
            id="a certificate that has expired",
        ),
        pytest.param(
            distrust(26, "unsuitable certificate purpose"),
            "TLSFailed",
            "cannot be believed (unsuitable certificate purpose)",
            id="a certificate for something else",
        ),
        pytest.param(
            alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            "TLSFailed",
            "wants a certificate of ours, and there is none: put tls.crt and tls.key",
            id="a broker that wants to see our certificate",
        ),
        pytest.param(
            alert("TLSV1_ALERT_UNKNOWN_CA"),
            "TLSFailed",
            "does not believe who signed our certificate",
            id="a broker that does not believe our certificate",
        ),
        pytest.param(
            alert("WRONG_VERSION_NUMBER"),
            "TLSFailed",
            "does not speak TLS here: check the port",
            id="TLS to a port without it",
        ),
        pytest.param(
            ssl.SSLError(0, "something else"),
            "TLSFailed",
            "gave no TLS session: something else",
            id="any other failure of TLS",
        ),
        pytest.param(
            IncompatibleProtocolError("EOF"),
            "BrokerUnreachable",
            "does not speak AMQP here: check the port",
            id="the port of something else",
        ),
        pytest.param(
            socket.gaierror(-2, "Name or service not known"),
            "BrokerUnreachable",
            "rabbit.example:5672 cannot be reached: Name or service not known",
            id="a name that is not known",
        ),
        pytest.param(
            AMQPConnectionError(
                AMQPConnectionWorkflowFailed(
                    [AMQPConnectorSocketConnectError(ConnectionRefusedError(111, "refused"))]
                )
            ),
            "BrokerUnreachable",
            "cannot be reached: refused",
            id="a port where nobody listens, as deep as pika wraps it",
        ),
        pytest.param(
            ConnectionClosedByBroker(320, "CONNECTION_FORCED - shutdown"),
            "BrokerUnreachable",
            "cannot be reached: CONNECTION_FORCED - shutdown (320)",
            id="a broker that shuts down",
        ),
        pytest.param(StreamLostError(), "BrokerUnreachable", "StreamLost", id="a lost stream"),
    ],
)
def test_a_failed_connection_says_where_and_what_to_do(
    error: BaseException, reason: str, words: str
) -> None:
    tls = isinstance(error, ssl.SSLError)
    typed = connection_error(replace(ACCESS, tls=tls), error)

    assert typed.reason == reason
    assert words in str(typed)
    assert "rabbit.example:5672" in str(typed)
    assert ACCESS.password not in str(typed)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(
            "StreamLostError: (SSLError(1, '[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] ...'))",
            "wants a certificate of ours, and there is none",
            id="with the broker's reason",
        ),
        pytest.param(
            "StreamLostError: ('Transport indicated EOF',)",
            "ended the TLS session at once: it may want a certificate of ours",
            id="without a reason",
        ),
    ],
)
def test_a_session_that_ends_at_once_is_about_certificates(words: str, says: str) -> None:
    # In TLS 1.3 the broker looks at our certificate when we believe to have a session.
    typed = connection_error(replace(ACCESS, tls=True), IncompatibleProtocolError(words))

    assert typed.reason == "TLSFailed"
    assert says in str(typed)


def test_the_connection_is_named_and_bounded_in_time() -> None:
    made = parameters(ACCESS)
    assert made.client_properties == {"connection_name": "workqueue-operator"}
    assert made.heartbeat == 30
    assert made.socket_timeout == 5
    assert made.ssl_options is None
    assert ACCESS.password not in repr(made)


def test_tls_verifies_the_name_of_the_broker() -> None:
    made = parameters(replace(ACCESS, tls=True))
    assert made.ssl_options.server_hostname == "rabbit.example"
    assert made.ssl_options.context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("properties", "major"),
    [
        pytest.param({"version": "4.0.5"}, 4, id="a release"),
        pytest.param({"version": b"3.10.8"}, 3, id="bytes"),
        pytest.param({}, 0, id="no version"),
        pytest.param({"version": "unknown"}, 0, id="no number"),
        pytest.param(None, 0, id="nothing"),
    ],
)
def test_the_major_version_is_read_or_zero(properties: object, major: int) -> None:
    assert major_version(properties) == major


@pytest.mark.parametrize(
    ("uri", "vhost", "url"),
    [
        ("http://rabbit:15672", "/", "http://rabbit:15672/api/queues/%2F"),
        ("https://gate.example/rabbit/", "a/b", "https://gate.example/rabbit/api/queues/a%2Fb"),
    ],
    ids=["the default vhost", "a path of a gateway, and a slash in the vhost"],
)
def test_the_path_is_kept_and_the_vhost_is_quoted(uri: str, vhost: str, url: str) -> None:
    assert queues_url(replace(ACCESS, management_uri=uri, vhost=vhost)) == url


def test_trouble_with_the_management_api_never_quotes_its_address() -> None:
    error = ValueError("http://ann:p4ss@rabbit is bad")
    assert trouble_in_words(error) == "the management API cannot be asked (ValueError)"
