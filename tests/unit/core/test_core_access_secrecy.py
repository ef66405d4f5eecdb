"""No error ever quotes what is in a Secret."""

from urllib.parse import quote

from hypothesis import assume, given
from hypothesis import strategies as st

from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import WorkQueueError

KEYS = {"host": b"rabbitmq.shop.svc", "port": b"5672", "username": b"app", "password": b"s3cret"}


def read(data: dict[str, bytes], vhost: str = "/") -> Access:
    return from_secret("rabbitmq", data, vhost=vhost, management_uri=None)


# What our own sentences may hold; a value that is part of them proves nothing.
SENTENCES = (
    "Secret 'rabbitmq' lacks host, port, username, password: it must hold host, port, username and "
    "password (as the RabbitMQ Cluster Operator writes them), or one uri "
    "Secret 'rabbitmq' has a value that is not UTF-8 text "
    "Secret 'rabbitmq' has a port that is not a number from 1 to 65535 "
    "Secret 'rabbitmq' has a uri that cannot be read "
    "Secret 'rabbitmq' has a uri that is not amqp://user:password@host:port or amqps://...; "
    "write characters like / @ : % in name, password and vhost as %2F %40 %3A %25"
)
PASSWORDS = st.text(st.characters(codec="utf-8"), min_size=3, max_size=20)


def fragments(secret: str) -> list[str]:
    """Every three characters that stand together: none may be told."""
    return [secret[at : at + 3] for at in range(len(secret) - 2)]


def told_of(data: dict[str, bytes], vhost: str = "/") -> str:
    """All that a traceback would show of the error that this Secret gives; "" where it is none."""
    try:
        read(data, vhost)
    except WorkQueueError as error:
        chain = [error, error.__cause__, None if error.__suppress_context__ else error.__context__]
        return " ".join(str(each) for each in chain if each is not None)
    return ""


@given(
    password=PASSWORDS,
    build=st.sampled_from(
        [
            "amqp://app:{}@host:5672/vhost",
            "amqp://app:{}@host",
            "amqps://{}:x@host:port",
            "amqp://app:{}",
            "{}",
            "http://app:{}@host",
            "amqp://app:@x/{}@host",
        ]
    ),
)
def test_no_error_quotes_a_password_that_was_not_encoded(password: str, build: str) -> None:
    uri = build.format(password)
    assume(not any(part in SENTENCES for part in fragments(password)))

    told = told_of({"uri": uri.encode()}, vhost="vhost")

    assert not any(part in told for part in fragments(password))


@given(value=st.binary(min_size=3, max_size=20), key=st.sampled_from(["port", "password", "uri"]))
def test_no_error_quotes_a_value(value: bytes, key: str) -> None:
    text = value.decode(errors="replace")
    assume(not any(part in SENTENCES for part in fragments(text)))

    told = told_of(KEYS | {key: value})

    assert not any(part in told for part in fragments(text))
    assert "0x" not in told


@given(username=PASSWORDS, password=PASSWORDS, vhost=PASSWORDS)
def test_every_name_password_and_vhost_can_be_written_in_a_uri(
    username: str, password: str, vhost: str
) -> None:
    parts = [quote(each, safe="") for each in (username, password, vhost)]
    uri = f"amqp://{parts[0]}:{parts[1]}@host/{parts[2]}"

    found = read({"uri": uri.encode()}, vhost=vhost)

    assert (found.username, found.password, found.vhost) == (username, password, vhost)
