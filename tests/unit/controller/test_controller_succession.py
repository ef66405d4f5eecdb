"""A changed Secret: the new connection first, and the old one for as long as it is the better."""

from typing import Any

import pytest

from unit.controller.fake_broker import secret
from unit.controller.rig import Rig

SECRET = ("shop", "rabbitmq")
LOOK_SECONDS = 61  # a Secret is read once a minute
AGAIN_SECONDS = 6  # and every 5 s while it is refused


@pytest.fixture
def rig() -> Rig:
    return Rig()


def settled(rig: Rig) -> dict[str, Any]:
    """A WorkQueue with tasks for three workers, which is read."""
    given = rig.apply()
    rig.broker.queue().ready = 30
    rig.settle()
    assert rig.condition(given)["status"] == "True"
    return given


def passwords(rig: Rig) -> list[str]:
    """Of those who read the queue now."""
    return sorted(access.password for access, name in rig.broker.watched if name == "thumbnails")


def change(rig: Rig, **keys: str) -> None:
    """Change the Secret, and let a minute pass without a sweep in between."""
    rig.cluster.secrets[SECRET] = secret(**keys)
    rig.quiet_seconds(LOOK_SECONDS)


def test_the_old_one_reads_until_the_new_one_has_answered(rig: Rig) -> None:
    given = settled(rig)
    # When the password changes, both read, and what the old one reads counts
    change(rig, password="newer")
    assert passwords(rig) == ["newer", "right"]
    rig.broker.mute.add("newer")
    rig.broker.queue().ready = 50
    rig.settle()
    assert rig.deployment().replicas == 5
    assert rig.condition(given)["status"] == "True"
    # Then, once the new one answers, it alone reads on, without a moment of not knowing
    rig.broker.mute.clear()
    rig.settle()
    assert passwords(rig) == ["newer"]
    rig.broker.queue().ready = 70
    rig.settle()
    assert rig.deployment().replicas == 7
    assert {"AuthenticationFailed", "BrokerUnreachable"}.isdisjoint(rig.cluster.reasons())


def test_a_wrong_new_one_leaves_the_old_one_at_work_and_is_told_once(rig: Rig) -> None:
    given = settled(rig)
    change(rig, password="wrong")
    rig.pass_seconds(120)
    # Then decisions go on by the old readings
    rig.broker.queue().ready = 40
    rig.settle()
    assert rig.deployment().replicas == 4
    assert rig.condition(given)["status"] == "True"
    # And it is told, in words that name what is wrong
    current = rig.condition(given, "CredentialsCurrent")
    assert (current["status"], current["reason"]) == ("False", "NewCredentialsRefused")
    assert "AuthenticationFailed" in current["message"]
    assert rig.cluster.reasons().count("NewCredentialsRefused") == 1


def test_a_mended_one_is_taken_within_seconds(rig: Rig) -> None:
    given = settled(rig)
    change(rig, password="wrong")
    rig.settle()
    rig.cluster.secrets[SECRET] = secret(password="newest")
    rig.pass_seconds(AGAIN_SECONDS)
    assert passwords(rig) == ["newest"]
    assert rig.condition(given, "CredentialsCurrent")["reason"] == "InUse"
    assert rig.cluster.reasons()[-1] == "Recovered"


def test_the_old_words_put_back_end_the_attempt(rig: Rig) -> None:
    given = settled(rig)
    change(rig, password="wrong")
    rig.settle()
    rig.cluster.secrets[SECRET] = secret()
    rig.pass_seconds(AGAIN_SECONDS)
    assert passwords(rig) == ["right"]
    assert rig.condition(given, "CredentialsCurrent")["status"] == "True"


def test_when_the_old_one_ends_too_nothing_is_known(rig: Rig) -> None:
    given = settled(rig)
    change(rig, password="wrong")
    rig.settle()
    rig.broker.wrong_passwords.add("right")  # its user is deleted
    rig.settle()
    ready = rig.condition(given)
    assert (ready["status"], ready["reason"]) == ("False", "AuthenticationFailed")
    assert passwords(rig) == ["wrong"]
    # And a new one that works is found
    rig.cluster.secrets[SECRET] = secret(password="newest")
    rig.pass_seconds(AGAIN_SECONDS)
    assert rig.condition(given)["status"] == "True"


def test_an_outage_of_the_broker_takes_neither_of_them(rig: Rig) -> None:
    given = settled(rig)
    change(rig, password="wrong")
    rig.settle()
    rig.broker.go_down()
    rig.pass_seconds(30)
    assert passwords(rig) == ["right", "wrong"]
    assert rig.condition(given, "CredentialsCurrent")["status"] == "Unknown"
    rig.broker.down = None
    rig.pass_seconds(30)
    assert rig.condition(given)["status"] == "True"
    assert passwords(rig) == ["right", "wrong"]


def test_a_secret_that_became_useless_leaves_the_connection_at_work(rig: Rig) -> None:
    given = settled(rig)
    rig.cluster.secrets[SECRET] = {"host": b"rabbitmq"}
    rig.quiet_seconds(LOOK_SECONDS)
    rig.settle()
    assert rig.condition(given)["status"] == "True"
    current = rig.condition(given, "CredentialsCurrent")
    assert (current["status"], "lacks port" in current["message"]) == ("False", True)
    assert passwords(rig) == ["right"]
    rig.cluster.secrets[SECRET] = secret()
    rig.pass_seconds(AGAIN_SECONDS)
    assert rig.condition(given, "CredentialsCurrent")["status"] == "True"


def test_another_address_has_no_second_connection(rig: Rig) -> None:
    # What another broker says is not about this queue: somebody has to accept it first.
    given = settled(rig)
    rig.cluster.secrets[SECRET] = secret(host="other")
    rig.quiet_seconds(LOOK_SECONDS)
    rig.settle()
    assert rig.condition(given)["reason"] == "BrokerChanged"
    assert passwords(rig) == []


def test_deletion_goes_on_with_the_one_that_works(rig: Rig) -> None:
    given = rig.apply({"queue": {"deletionPolicy": "Delete"}})
    rig.settle()
    change(rig, password="wrong")
    rig.settle()
    given["metadata"]["deletionTimestamp"] = rig.clock.rfc3339()
    rig.cluster.touch(given)
    rig.pass_seconds(30)
    assert rig.broker.deleted[0] == "thumbnails"
    assert passwords(rig) == []


def test_nothing_is_read_twice_for_long_when_a_thousand_share_a_secret(rig: Rig) -> None:
    for number in range(50):
        rig.apply(name=f"q{number}", uid=f"uid-{number}")
    rig.settle()
    change(rig, password="newer")
    rig.settle()
    assert {access.password for access, _ in rig.broker.watched} == {"newer"}
    assert len(rig.broker.watched) == 50


def test_of_those_who_share_a_refused_secret_one_looks_and_wakes_the_others(rig: Rig) -> None:
    # Given many WorkQueues with one Secret, which is changed to what the broker refuses
    settled(rig)
    others = [f"other-{number}" for number in range(20)]
    for name in others:
        rig.apply(name=name, uid=name)
    rig.settle()
    change(rig, password="wrong")
    rig.settle()
    # When nothing else happens, then the others do not look as often as the first
    before = rig.steps
    for _ in range(8):
        rig.quiet_seconds(5)
    assert 8 <= rig.steps - before < 20
    # And all of them take what works within seconds
    rig.cluster.secrets[SECRET] = secret(password="newest")
    rig.quiet_seconds(AGAIN_SECONDS)
    rig.settle()
    used = {access.password for access, name in rig.broker.watched if name in others}
    assert used == {"newest"}
