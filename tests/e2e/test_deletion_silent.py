"""Deleting a WorkQueue whose broker does not answer: after a while it is let go."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.gate import Gate
from kit.kube import Kube, wait_for
from kit.operating import LET_GO_SECONDS
from kit.story import Story

POLICIES = ("Retain", "DeleteIfEmpty", "Delete")


@pytest.fixture
def gate(bare_story: Story, kubeconfig: Path) -> Iterator[Gate]:
    """An open gate."""
    gate = Gate(bare_story, f"guest-{secrets.token_hex(4)}")
    (pod,) = Kube.open(kubeconfig, "rabbitmq").list("Pod")
    gate.open(pod["status"]["podIP"])
    bare_story.kube.apply(gate.secret())
    yield gate
    bare_story.broker.delete_user(gate.guest)


@pytest.fixture
def doomed(kubeconfig: Path, second_namespace: str, bare_story: Story) -> Story:
    """A story in a namespace that will be deleted."""
    kube = Kube.open(kubeconfig, second_namespace)
    return Story(kube, bare_story.broker, bare_story.images, bare_story.ledger, bare=True).settle()


def test_a_silent_broker_holds_a_deletion_up_for_a_while_and_a_namespace_goes(
    bare_story: Story, gate: Gate, doomed: Story
) -> None:
    story, broker = bare_story, bare_story.broker
    names = [policy.lower() for policy in POLICIES]
    # Given WorkQueues of each policy behind a gate, and more in another namespace
    through_gate = {"broker": {"secretName": "gate"}}
    for name, policy in zip(names, POLICIES, strict=True):
        story.apply(name, held(policy) | through_gate)
        doomed.apply(f"doomed-{name}", held(policy))
    doomed.kube.apply({**gate.secret(), "metadata": {"name": "gate"}})
    doomed.apply("doomed-silent", held("Delete") | through_gate)
    for each in (story, doomed):
        for body in each.kube.list("WorkQueue"):
            each.wait_ready(body["metadata"]["name"], "Held")
            broker.put(body["metadata"]["name"], "a task")
    # When the broker behind the gate falls silent, and all is deleted
    gate.shut()
    began = time.monotonic()
    for name in names:
        story.wait_not_ready(name, "BrokerUnreachable")
        story.kube.delete("WorkQueue", name)
    doomed.kube.delete_namespace()
    # Then what asks for nothing goes at once, and the others say what they wait for
    wait_for("it to be gone", lambda: story.kube.get("WorkQueue", "retain") is None, seconds=5)
    for name in ("delete", "deleteifempty"):
        waits = story.wait_event(name, "DeletionWaiting")["message"]
        assert f"waits for the broker, {LET_GO_SECONDS} s at most: gate." in waits
    # And they are let go after a while, with a warning that names the queue left behind
    wait_for("all to be gone", lambda: not story.kube.list("WorkQueue"), seconds=60)
    assert time.monotonic() - began >= LET_GO_SECONDS - 1
    assert_warned_of_left_behind(story, "delete")
    assert_warned_of_left_behind(story, "deleteifempty")
    # And the namespace goes, too
    wait_for("the namespace to be gone", lambda: not doomed.kube.exists(), seconds=60)
    # And of all tasks only those have gone whose WorkQueue asked for it and whose broker heard it
    for name in (*names, "doomed-retain", "doomed-deleteifempty", "doomed-silent"):
        assert broker.waiting(name) == 1
    assert broker.queue("doomed-delete") is None


def assert_warned_of_left_behind(story: Story, name: str) -> None:
    """A Warning names the queue, and says what to do."""
    event = story.wait_event(name, "QueueLeftBehind")
    assert event["type"] == "Warning"
    assert f"queue '{name}' is left behind on the broker" in event["message"]
    assert "Delete it by hand if it is not wanted" in event["message"]


def held(policy: str) -> dict[str, Any]:
    """A spec without workers."""
    return {"queue": {"deletionPolicy": policy}, "scaling": {"mode": "Hold"}}
