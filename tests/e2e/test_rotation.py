"""Secrets change while tasks are at work: nobody restarts, and nothing is started twice."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from kit.kube import condition, wait_for
from kit.publishing import tasks
from kit.rabbit import Broker
from kit.story import Story

LONG_SECONDS = 50  # the kubelet needs about 20 s to bring a changed Secret to a pod
LOOK_SECONDS = 90  # the operator reads a Secret once a minute


@dataclass(slots=True)
class Users:
    """Users of the story's vhost: name -> password."""

    broker: Broker
    made: dict[str, str] = field(default_factory=dict)

    def make(self, who: str) -> dict[str, str]:
        """The keys of a Secret with a new user."""
        name = f"{who}-{secrets.token_hex(4)}"
        self.made[name] = secrets.token_hex(8)
        self.broker.create_user(name, self.made[name])
        return {"username": name, "password": self.made[name]}

    def connected(self, keys: Mapping[str, str]) -> set[str]:
        """Names of this user's connections."""
        return set(self.broker.connections(keys["username"]))


@pytest.fixture
def users(broker: Broker) -> Iterator[Users]:
    made = Users(broker)
    yield made
    for name in made.made:
        broker.delete_user(name)


def test_changed_secrets_are_taken_in_the_middle_of_tasks_and_wrong_ones_hurt_nobody(
    story: Story, users: Users
) -> None:
    # Given two WorkQueues with a user each, and a task at work in each
    old = {name: users.make(name) for name in ("renewed", "refused")}
    for name, keys in old.items():
        story.kube.apply(story.broker.secret(name, **keys))
        story.apply(name, {"broker": {"secretName": name}, "scaling": {"minWorkers": 1}})
    for number, name in enumerate(old):
        story.wait_workers(name, 1, seconds=60)
        story.put(name, list(tasks(1, seconds=LONG_SECONDS, first=number)))
    story.wait_in_work(2)
    pods = {name: pod_of(story, name) for name in old}
    # When one Secret comes to name another user, and the other a password that is wrong
    new = users.make("new")
    story.kube.apply(story.broker.secret("renewed", **new))
    story.kube.apply(story.broker.secret("refused", **(old["refused"] | {"password": "wrong"})))
    # Then the worker comes as the new user while it is at work, then the operator, and in the end
    # the old one has no connection left
    worker = pods["renewed"]
    wait_for("the worker", lambda: worker in users.connected(new), seconds=LONG_SECONDS)
    assert len(story.ledger.read().in_work()) == len(old)
    everybody = {"workqueue-operator", worker}
    wait_for("the new user", lambda: users.connected(new) >= everybody, seconds=LOOK_SECONDS)
    wait_for("the old one to leave", lambda: not users.connected(old["renewed"]), seconds=60)
    story.broker.delete_user(old["renewed"]["username"])
    # And where the password is wrong, that is told, and all goes on by the old connection
    wait_current(story, "refused", "NewCredentialsRefused")
    story.wait_event("refused", "NewCredentialsRefused")
    assert condition(story.kube.get("WorkQueue", "refused"))["status"] == "True"
    assert users.connected(old["refused"]) >= {"workqueue-operator", pods["refused"]}
    for number, name in enumerate(old):
        story.put(name, list(tasks(1, seconds=0.1, first=10 + number)))
    story.wait_completed(4, seconds=60)
    # When it is mended, that is seen soon
    story.kube.apply(story.broker.secret("refused", **users.make("mended")))
    wait_current(story, "refused", "InUse", seconds=30)
    # Then each task was started once, by the pod that was there before
    assert story.ledger.read().started_twice() == []
    assert story.ledger.repeated() == []
    assert {name: pod_of(story, name) for name in old} == pods


def pod_of(story: Story, name: str) -> str:
    """Its only pod, which has never been started again."""
    [pod] = story.pods(name)
    assert all(each["restartCount"] == 0 for each in pod["status"]["containerStatuses"])
    return str(pod["metadata"]["name"])


def wait_current(story: Story, name: str, reason: str, *, seconds: float = LOOK_SECONDS) -> None:
    """Wait until CredentialsCurrent has this reason."""

    def look() -> bool:
        found = condition(story.kube.get("WorkQueue", name), "CredentialsCurrent")
        return found.get("reason") == reason

    wait_for(f"CredentialsCurrent of {name} to be {reason}", look, seconds=seconds)
