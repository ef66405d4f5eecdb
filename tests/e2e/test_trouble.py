"""What status and events say when a Secret is wrong, and how all mends itself afterwards."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kit.operating import Operator
from kit.rabbit import Broker
from kit.story import Story

OTHER_NAME = "rabbitmq.rabbitmq.svc.cluster.local"
"""The same broker under another name: to the operator it is another one."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A user of the broker, who exists for one story."""

    name: str
    password: str


@pytest.fixture
def guest(broker: Broker) -> Iterator[Guest]:
    """A user whose password may be changed."""
    user = Guest(f"guest-{secrets.token_hex(4)}", f"first-{secrets.token_hex(8)}")
    broker.create_user(user.name, user.password)
    yield user
    broker.delete_user(user.name)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Words that may be found nowhere."""

    wrong: str
    changed: str


def test_wrong_secrets_are_told_without_a_password_and_mend_by_themselves(
    bare_story: Story, guest: Guest, operator: Operator
) -> None:
    story, broker = bare_story, bare_story.broker
    words = Passwords(f"wrong-{secrets.token_hex(8)}", f"changed-{secrets.token_hex(8)}")
    elsewhere = replace(broker, vhost=f"{broker.vhost}-later")
    # Given four WorkQueues whose way to the broker is wrong, and two with a worker whose is right
    apply_wrong_ones(story, guest, words, elsewhere)
    story.kube.apply(broker.secret("moves"))
    story.kube.apply(broker.secret("rotates", username=guest.name, password=guest.password))
    for name in ("moves", "rotates"):
        story.apply(name, {"broker": {"secretName": name}, "scaling": {"minWorkers": 1}})
    # Then each says what is wrong with it, and the right ones work
    assert_told(story, elsewhere)
    for name in ("moves", "rotates"):
        story.wait_workers(name, 1)
    # When one Secret comes to name another broker, and a password is changed before its Secret is
    story.kube.apply(broker.secret("moves", host=OTHER_NAME))
    broker.create_user(guest.name, words.changed)
    broker.disconnect(guest.name)
    story.wait_not_ready("rotates", "AuthenticationFailed")
    # And all is mended but the first, Then all work again by themselves
    mend(story, guest, words, elsewhere)
    for name in ("wrong", "uri", "missing", "vhost"):
        story.wait_ready(name, "Idle")
        assert story.wait_event(name, "Recovered")
    assert story.wait_ready("rotates")
    assert_moving_is_held_until_accepted(story)
    # And the worker has found its new password, too
    story.wait_workers("rotates", 1, seconds=90)
    # And no password was ever said
    everything = said(story) + operator.log()
    assert guest.name in everything
    for password in (words.wrong, words.changed, guest.password, broker.password):
        assert password not in everything
    elsewhere.delete_vhost()


def apply_wrong_ones(story: Story, guest: Guest, words: Passwords, elsewhere: Broker) -> None:
    """The wrong password, a vhost in the uri that is not the spec's, no Secret, no vhost."""
    uri = f"amqp://{guest.name}:{words.wrong}@{story.broker.pod_host}/elsewhere"
    story.kube.apply(story.broker.secret("wrong", password=words.wrong))
    story.kube.apply(secret("uri", uri=uri))
    for name in ("wrong", "uri", "missing"):
        story.apply(name, {"broker": {"secretName": name}})
    story.apply("vhost", {"broker": {"vhost": elsewhere.vhost}})


def assert_told(story: Story, elsewhere: Broker) -> None:
    """Each trouble with the words that lead out of it, in the status and in an event."""
    told = {
        "wrong": ("AuthenticationFailed", "user 'admin': check username and password in the Sec"),
        "uri": ("VhostMismatch", f"'elsewhere', but spec.broker.vhost is '{story.broker.vhost}'"),
        "missing": ("SecretMissing", f"{story.kube.namespace}/missing does not exist. Create it"),
        "vhost": ("VhostDenied", f"vhost '{elsewhere.vhost}'"),
    }
    for name, (reason, words) in told.items():
        assert words in story.wait_not_ready(name, reason)["message"]
        event = story.wait_event(name, reason)
        assert event["type"] == "Warning"
        assert words in event["message"]
    assert "create the vhost or correct spec.broker.vhost" in event["message"]


def mend(story: Story, guest: Guest, words: Passwords, elsewhere: Broker) -> None:
    """Put right what apply_wrong_ones did, and the Secret whose user has a new password."""
    uri = f"amqp://{guest.name}:{words.changed}@{story.broker.pod_host}"
    story.kube.apply(story.broker.secret("wrong"), secret("uri", uri=uri))
    story.kube.apply(story.broker.secret("missing"))
    changed = story.broker.secret("rotates", username=guest.name, password=words.changed)
    story.kube.apply(changed)
    elsewhere.create_vhost()


def assert_moving_is_held_until_accepted(story: Story) -> None:
    """The Secret of `moves` names another broker by now."""
    # Then it is told where the queue was and where it would be now, and the worker is held
    was, now = (f"{host}:5672/{story.broker.vhost}" for host in (story.broker.pod_host, OTHER_NAME))
    says = story.wait_not_ready("moves", "BrokerChanged", seconds=75)["message"]
    assert f"declared on {was}, but the Secret now names {now}" in says
    assert f"kubectl annotate --overwrite workqueue NAME workqueue.dev/accept-broker={now}" in says
    assert "(1 workers are held)" in says
    assert story.replicas("moves") == 1
    # When the new one is accepted, Then the queue is declared there, and nothing is called lost
    story.broker.delete_queue("moves")
    accepted = {"metadata": {"annotations": {"workqueue.dev/accept-broker": now}}}
    story.kube.patch("WorkQueue", "moves", accepted)
    story.wait_ready("moves")
    assert story.status("moves")["broker"] == {"address": now}
    assert f"on {now}" in story.wait_event("moves", "QueueDeclared")["message"]
    assert not story.kube.events("moves", "QueueRecreated")
    assert not story.kube.events("moves", "ScaledDown")


def secret(name: str, **data: str) -> dict[str, Any]:
    """A Secret with these keys alone."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": data,
    }


def said(story: Story) -> str:
    """Every status and every event, as JSON."""
    statuses = [each["status"] for each in story.kube.list("WorkQueue")]
    assert len(statuses) == 6
    return json.dumps([statuses, *story.kube.list("Event")])
