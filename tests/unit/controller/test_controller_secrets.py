"""Secrets are read sparingly, and at once when that may help."""

import threading
import time
from collections.abc import Mapping

import pytest

from unit.controller.fake_broker import secret
from unit.controller.fake_clock import FakeClock
from unit.controller.shelf import Shelf
from unit.core.builders import workqueue
from workqueue_operator.controller.secrets import READ_EVERY_SECONDS, Secrets
from workqueue_operator.core.errors import ApiError, SecretError, SecretMissingError


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def secrets(shelf: Shelf, clock: FakeClock) -> Secrets:
    return Secrets(shelf.read, clock)


MAIL, NEWS = workqueue(name="mail", uid="mail"), workqueue(name="news", uid="news")


def test_one_secret_is_read_once_a_minute_for_all(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    for _ in range(50):
        assert secrets.access(MAIL, refused=False) == secrets.access(NEWS, refused=False)
    assert len(shelf.reads) == 1
    clock.seconds += 59
    secrets.access(MAIL, refused=False)
    assert len(shelf.reads) == 1
    clock.seconds += 1
    secrets.access(MAIL, refused=False)
    secrets.access(NEWS, refused=False)
    assert len(shelf.reads) == 2


def test_after_a_refusal_it_is_read_at_once_but_not_with_every_step(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    # Given a Secret that was read a while ago
    secrets.access(MAIL, refused=False)
    clock.seconds += 6
    shelf.data["rabbitmq"] = secret(password="new")
    # When the broker refuses who comes with it
    access = secrets.access(MAIL, refused=True)
    # Then the new password is there at once
    assert access.password == "new"
    # And only after 5 s is it looked for again
    for _ in range(10):
        clock.seconds += 0.4
        secrets.access(MAIL, refused=True)
    assert len(shelf.reads) == 2
    clock.seconds += 1.1
    secrets.access(MAIL, refused=True)
    assert len(shelf.reads) == 3


def test_a_missing_one_is_told_again_without_being_read_each_time(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    del shelf.data["rabbitmq"]
    for _ in range(3):
        with pytest.raises(SecretMissingError, match="shop/rabbitmq does not exist"):
            secrets.access(MAIL, refused=False)
    assert len(shelf.reads) == 1
    # When it is made, it is found within 5 s
    shelf.data["rabbitmq"] = secret()
    clock.seconds += 5
    assert secrets.access(MAIL, refused=False).host == "rabbitmq"


def test_each_telling_is_an_error_of_its_own(secrets: Secrets, shelf: Shelf) -> None:
    # An exception that is raised again and again collects a traceback without end.
    del shelf.data["rabbitmq"]
    told = []
    for _ in range(2):
        with pytest.raises(SecretMissingError) as caught:
            secrets.access(MAIL, refused=False)
        told.append(caught.value)
    assert told[0] is not told[1]


def test_an_api_server_that_is_away_does_not_take_away_what_is_known(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    known = secrets.access(MAIL, refused=False)
    shelf.down = True
    clock.seconds += 61
    assert secrets.access(MAIL, refused=False) == known
    # And it is asked again before the minute is over, but not with every step
    secrets.access(MAIL, refused=False)
    assert len(shelf.reads) == 2
    clock.seconds += 5
    secrets.access(MAIL, refused=False)
    assert len(shelf.reads) == 3


def test_an_api_server_that_never_answered_is_the_trouble(secrets: Secrets, shelf: Shelf) -> None:
    shelf.down = True
    with pytest.raises(ApiError):
        secrets.access(MAIL, refused=False)


def test_a_secret_that_leads_nowhere_is_told(secrets: Secrets, shelf: Shelf) -> None:
    shelf.data["rabbitmq"] = {"host": b"rabbitmq"}
    with pytest.raises(SecretError, match="lacks port"):
        secrets.access(MAIL, refused=False)


def test_what_nobody_uses_is_not_kept(secrets: Secrets, shelf: Shelf) -> None:
    # Given two WorkQueues with one Secret
    secrets.access(MAIL, refused=False)
    secrets.access(NEWS, refused=False)
    # When one is gone, and the other takes another Secret
    secrets.forget("mail")
    shelf.data["other"] = secret(host="other")
    moved = workqueue({"broker": {"secretName": "other"}}, name="news", uid="news")
    assert secrets.access(moved, refused=False).host == "other"
    # Then the old password is kept no longer
    assert set(secrets._entries) == {("shop", "other")}
    secrets.forget("news")
    secrets.forget("news")
    assert secrets._entries == {}
    assert secrets._used == {}


def test_threads_that_ask_at_once_share_one_read(shelf: Shelf, clock: FakeClock) -> None:
    # Given a slow API server
    def read(namespace: str, name: str) -> Mapping[str, bytes]:
        time.sleep(0.05)
        return shelf.read(namespace, name)

    secrets = Secrets(read, clock)
    # When eight threads need the same Secret
    hosts: list[str] = []
    threads = [
        threading.Thread(target=lambda: hosts.append(secrets.access(MAIL, refused=False).host))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    # Then it was read once
    assert hosts == ["rabbitmq"] * 8
    assert len(shelf.reads) == 1


def test_the_first_looks_after_the_secret_and_the_others_are_woken_when_it_changes(
    secrets: Secrets, shelf: Shelf, clock: FakeClock
) -> None:
    for each in (MAIL, NEWS):
        secrets.access(each, refused=False)
    assert secrets.look_again_seconds("mail") == READ_EVERY_SECONDS
    assert secrets.look_again_seconds("news") is None
    # When it is read again, and says the same
    clock.seconds += READ_EVERY_SECONDS
    secrets.access(MAIL, refused=False)
    assert secrets.take_called() == frozenset()
    # Then nobody is woken, until it says something else, or is gone
    shelf.data["rabbitmq"] = secret(host="other")
    clock.seconds += READ_EVERY_SECONDS
    secrets.access(MAIL, refused=False)
    assert secrets.take_called() == {"news"}
    assert secrets.take_called() == frozenset()
    shelf.data.clear()
    clock.seconds += READ_EVERY_SECONDS
    with pytest.raises(SecretMissingError):
        secrets.access(NEWS, refused=False)
    assert secrets.take_called() == {"mail"}


def test_when_the_first_goes_the_next_looks_after_it(secrets: Secrets) -> None:
    for each in (MAIL, NEWS):
        secrets.access(each, refused=False)
    secrets.forget("mail")
    assert secrets.take_called() == {"news"}
    assert secrets.look_again_seconds("news") == READ_EVERY_SECONDS
    secrets.forget("news")
    assert secrets.take_called() == frozenset()
    assert secrets.look_again_seconds("news") is None
