"""The Secret with the authorities: what it gives, what it lacks, and that nobody quotes it."""

import pytest

from workqueue_operator.core.access import from_secret
from workqueue_operator.core.errors import SecretError
from workqueue_operator.core.trust import Trust, trust_from_secret

CA, CERTIFICATE = "-----BEGIN CERTIFICATE-----\nca", "-----BEGIN CERTIFICATE-----\nours"
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2"
MUTUAL = {"ca.crt": CA.encode(), "tls.crt": CERTIFICATE.encode(), "tls.key": KEY.encode()}
BROKER = {"host": b"rabbitmq", "port": b"5672", "username": b"app", "password": b"s3cret"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({"ca.crt": CA.encode()}, Trust(authorities=CA), id="an authority alone"),
        pytest.param(
            MUTUAL, Trust(authorities=CA, certificate=CERTIFICATE, key=KEY), id="mutual TLS"
        ),
        pytest.param(
            {"ca.crt": CA.encode(), "tls.crt": b"", "tls.key": b"\n"},
            Trust(authorities=CA),
            id="empty keys, as some tools leave them",
        ),
    ],
)
def test_what_the_secret_says(data: dict[str, bytes], expected: Trust) -> None:
    assert trust_from_secret("ca", data) == expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({}, "lacks ca.crt", id="empty"),
        pytest.param(MUTUAL | {"ca.crt": b""}, "lacks ca.crt", id="an empty authority"),
        pytest.param(MUTUAL | {"ca.crt": b"hunter2"}, "ca.crt that is not in PEM", id="no PEM"),
        pytest.param(MUTUAL | {"tls.key": b"\xff"}, "tls.key that is not in PEM", id="bytes"),
        pytest.param(MUTUAL | {"tls.key": b""}, "put both in", id="a certificate without a key"),
        pytest.param(MUTUAL | {"tls.crt": b""}, "put both in", id="a key without a certificate"),
    ],
)
def test_what_the_secret_lacks_is_named(data: dict[str, bytes], words: str) -> None:
    with pytest.raises(SecretError, match=r"^Secret 'ca' ") as caught:
        trust_from_secret("ca", data)

    assert words in str(caught.value)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "data",
    [BROKER, {"uri": b"amqp://app:s3cret@rabbitmq:5672"}],
    ids=["keys", "a uri, whatever its scheme"],
)
def test_a_trust_means_tls_whatever_the_port(data: dict[str, bytes]) -> None:
    trust = trust_from_secret("ca", MUTUAL)

    access = from_secret("rabbitmq", data, vhost="/", management_uri=None, trust=trust)

    assert (access.tls, access.port, access.trust) == (True, 5672, trust)


def test_no_part_of_it_is_printed() -> None:
    trust = trust_from_secret("ca", MUTUAL)
    access = from_secret("rabbitmq", BROKER, vhost="/", management_uri=None, trust=trust)

    assert "BEGIN" not in f"{trust!r} {access!r}"
