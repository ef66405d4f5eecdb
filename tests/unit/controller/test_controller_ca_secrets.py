"""A WorkQueue with a second Secret, for the authorities of its broker."""

import pytest

from unit.controller.fake_broker import secret
from unit.controller.fake_clock import FakeClock
from unit.controller.shelf import Shelf
from unit.core.builders import workqueue
from workqueue_operator.controller.secrets import READ_EVERY_SECONDS, Secrets
from workqueue_operator.core.errors import SecretError, SecretMissingError

CA = {"ca.crt": b"-----BEGIN CERTIFICATE-----\none"}
NEXT_CA = {"ca.crt": b"-----BEGIN CERTIFICATE-----\ntwo"}
SAFE = {"broker": {"secretName": "rabbitmq", "caSecretName": "ca"}}
MAIL = workqueue(SAFE, name="mail", uid="mail")
NEWS = workqueue(SAFE, name="news", uid="news")
PLAIN = workqueue(name="plain", uid="plain")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(ca=CA)


@pytest.fixture
def secrets(shelf: Shelf, clock: FakeClock) -> Secrets:
    return Secrets(shelf.read, clock)


def test_both_secrets_are_read_once_a_minute_for_all(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    for _ in range(20):
        assert secrets.access(MAIL, refused=False) == secrets.access(NEWS, refused=False)
    assert sorted(shelf.reads) == ["ca", "rabbitmq"]
    clock.seconds += READ_EVERY_SECONDS
    secrets.access(MAIL, refused=False)
    assert sorted(shelf.reads) == ["ca", "ca", "rabbitmq", "rabbitmq"]


def test_who_trusts_another_authority_has_another_access(secrets: Secrets) -> None:
    safe, plain = secrets.access(MAIL, refused=False), secrets.access(PLAIN, refused=False)

    assert (safe.tls, plain.tls) == (True, False)
    assert safe != plain


def test_a_changed_authority_is_found_and_wakes_the_others(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    before = secrets.access(MAIL, refused=False)
    secrets.access(NEWS, refused=False)
    secrets.access(PLAIN, refused=False)
    shelf.data["ca"] = NEXT_CA
    clock.seconds += READ_EVERY_SECONDS

    assert secrets.access(MAIL, refused=False) != before
    assert secrets.take_called() == {"news"}


def test_a_missing_or_useless_authority_is_told_by_its_name(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    del shelf.data["ca"]
    with pytest.raises(SecretMissingError, match="shop/ca does not exist"):
        secrets.access(MAIL, refused=False)
    clock.seconds += READ_EVERY_SECONDS
    shelf.data["ca"] = {"other": b""}
    with pytest.raises(SecretError, match=r"'ca' .* lacks ca.crt"):
        secrets.access(MAIL, refused=False)


def test_one_secret_may_hold_both(secrets: Secrets, shelf: Shelf) -> None:
    shelf.data["rabbitmq"] = {**secret(), **CA}
    both = {"broker": {"secretName": "rabbitmq", "caSecretName": "rabbitmq"}}

    access = secrets.access(workqueue(both, name="mail", uid="mail"), refused=False)

    assert access.trust is not None
    assert shelf.reads == ["rabbitmq"]


def test_who_looks_after_one_of_them_looks_and_what_nobody_uses_is_not_kept(
    secrets: Secrets,
) -> None:
    # Given a WorkQueue that was first with one Secret, and another that was with the second
    secrets.access(PLAIN, refused=False)
    secrets.access(MAIL, refused=False)
    assert secrets.look_again_seconds("plain") == READ_EVERY_SECONDS
    assert secrets.look_again_seconds("mail") == READ_EVERY_SECONDS
    # When the latter trusts the system again
    secrets.access(workqueue(name="mail", uid="mail"), refused=False)
    # Then the authority is kept no longer, and the first alone looks
    assert secrets.look_again_seconds("mail") is None
    assert set(secrets._entries) == {("shop", "rabbitmq")}
    secrets.forget("plain")
    assert secrets.take_called() == {"mail"}
    secrets.forget("mail")
    assert secrets._entries == {}
