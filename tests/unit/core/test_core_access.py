"""A Secret becomes an access, and no error ever quotes what is in it."""

import pytest

from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import SecretError, VhostMismatchError

KEYS = {"host": b"rabbitmq.shop.svc", "port": b"5672", "username": b"app", "password": b"s3cret"}


def read(data: dict[str, bytes], vhost: str = "/") -> Access:
    return from_secret("rabbitmq", data, vhost=vhost, management_uri="http://rabbitmq:15672")


def access(**changes: object) -> Access:
    usual: dict[str, object] = {
        "host": "rabbitmq.shop.svc",
        "port": 5672,
        "tls": False,
        "vhost": "/",
        "username": "app",
        "password": "s3cret",
        "management_uri": "http://rabbitmq:15672",
    }
    return Access(**(usual | changes))  # type: ignore[arg-type]  # a test's own names and values


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(KEYS, access(), id="as the RabbitMQ Cluster Operator writes it"),
        pytest.param(KEYS | {"port": b"5671"}, access(port=5671, tls=True), id="5671 is TLS"),
        pytest.param(
            {key: value + b"\n" for key, value in KEYS.items()}, access(), id="made with echo"
        ),
        pytest.param(
            KEYS | {"password": b" blank "}, access(password=" blank "), id="blanks may belong"
        ),
        pytest.param(
            KEYS | {"connection_string": b"\xff", "type": b"rabbitmq"},
            access(),
            id="other keys are nobody's business",
        ),
        pytest.param({"uri": b"amqp://app:s3cret@rabbitmq.shop.svc"}, access(), id="a uri"),
        pytest.param(
            KEYS | {"uri": b"amqp://app:s3cret@other:7000"},
            access(host="other", port=7000),
            id="a uri wins",
        ),
        pytest.param(
            {"uri": b"amqps://app:s3cret@rabbitmq.shop.svc"},
            access(port=5671, tls=True),
            id="amqps has a port of its own",
        ),
        pytest.param(
            {"uri": b"amqp://a%40b:p%2F%3Aw%25@rabbitmq.shop.svc"},
            access(username="a@b", password="p/:w%"),
            id="percent-encoded name and password",
        ),
        pytest.param(
            {"uri": b"amqp://app@rabbitmq.shop.svc"}, access(password=""), id="no password"
        ),
        pytest.param(
            {"uri": b"amqp://app:s3cret@rabbitmq.shop.svc/%2F"}, access(), id="the same vhost"
        ),
        pytest.param({"uri": b"amqp://app:s3cret@rabbitmq.shop.svc/"}, access(), id="no vhost"),
        pytest.param({"uri": b"amqp://app:s3cret@[::1]"}, access(host="::1"), id="IPv6"),
    ],
)
def test_what_a_secret_says(data: dict[str, bytes], expected: Access) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({}, "lacks host, port, username, password", id="empty"),
        pytest.param(
            {key: value for key, value in KEYS.items() if key != "port"}, "lacks port", id="no port"
        ),
        pytest.param(KEYS | {"password": b"\n"}, "lacks password", id="an empty password"),
        pytest.param(KEYS | {"port": b"amqp"}, "from 1 to 65535", id="a port with a name"),
        pytest.param(KEYS | {"port": b"0"}, "from 1 to 65535", id="port 0"),
        pytest.param(KEYS | {"port": b"65536"}, "from 1 to 65535", id="a port beyond all"),
        pytest.param(KEYS | {"port": b"9" * 5000}, "from 1 to 65535", id="a port without end"),
        pytest.param(KEYS | {"port": "٥٦٧٢".encode()}, "from 1 to 65535", id="digits of others"),
        pytest.param(KEYS | {"password": b"\xff"}, "not UTF-8", id="not text"),
        pytest.param({"uri": b""}, "amqp://user:password@host:port", id="an empty uri"),
        pytest.param({"uri": b"http://app:s3cret@host"}, "amqp://", id="another scheme"),
        pytest.param({"uri": b"amqp://host:5672"}, "amqp://", id="no user"),
        pytest.param({"uri": b"amqp://app:s3cret@"}, "amqp://", id="no host"),
        pytest.param({"uri": b"amqp://app:s3cret@host:port"}, "cannot be read", id="no number"),
        pytest.param({"uri": b"amqp://app:s3cret@[::1"}, "cannot be read", id="a broken host"),
        pytest.param({"uri": b"amqp://app:s3@cr/et@host"}, "%2F %40", id="@ and / in a password"),
        pytest.param({"uri": b"amqp://app:s3@cr#et@host"}, "%2F %40", id="@ and # in a password"),
        pytest.param({"uri": b"amqp://app:s3@cr?et@host"}, "%2F %40", id="@ and ? in a password"),
    ],
)
def test_what_a_secret_lacks_is_named(data: dict[str, bytes], words: str) -> None:
    with pytest.raises(SecretError, match=r"^Secret 'rabbitmq' ") as caught:
        read(data)

    assert words in str(caught.value)


def test_a_vhost_that_is_not_the_specs_is_told_with_both() -> None:
    with pytest.raises(VhostMismatchError) as caught:
        read({"uri": b"amqp://app:s3cret@host/prod"}, vhost="/")

    assert caught.value.reason == "VhostMismatch"
    assert "'prod'" in str(caught.value)
    assert "'/'" in str(caught.value)


@pytest.mark.parametrize(
    ("vhost", "address"),
    [
        pytest.param("/", "rabbitmq.shop.svc:5672/", id="the usual one is left out"),
        pytest.param("prod", "rabbitmq.shop.svc:5672/prod", id="a name"),
        pytest.param("/prod", "rabbitmq.shop.svc:5672//prod", id="is not the one with a slash"),
    ],
)
def test_an_address_names_one_vhost(vhost: str, address: str) -> None:
    assert access(vhost=vhost).address == address


def test_a_password_is_not_printed() -> None:
    assert "s3cret" not in repr(access())
    assert "s3cret" not in access().address
