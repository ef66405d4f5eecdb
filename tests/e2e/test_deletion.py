"""Deleting a WorkQueue: never a task lost without being asked to, never a hanging finalizer."""

from typing import Any

from kit.kube import wait_for
from kit.operating import Operator
from kit.publishing import tasks
from kit.story import Story

POLICIES = ("Retain", "DeleteIfEmpty", "Delete")
KINDS = ("Quorum", "Classic")


def test_the_queue_goes_or_stays_as_the_policy_says(bare_story: Story) -> None:
    story, broker = bare_story, bare_story.broker
    # Given a WorkQueue of each policy and type under Hold, one empty and one with a task
    cases = {
        f"{policy}-{kind}-{what}".lower(): (policy, kind, what)
        for policy in POLICIES
        for kind in KINDS
        for what in ("empty", "full")
    }
    for name, (policy, kind, _) in cases.items():
        story.apply(name, held(policy, kind))
    # And one with nothing but a dead letter, and one that never got its queue: it was there before
    story.apply("dead-letter", held("DeleteIfEmpty", "Quorum"))
    broker.declare("foreign", x_queue_type="classic")
    story.apply("foreign", held("Delete", "Quorum"))
    for name in (*cases, "dead-letter"):
        story.wait_ready(name, "Held")
    story.wait_not_ready("foreign", "QueueMismatch")
    for name, (_, _, what) in cases.items():
        broker.put(name, *["a task"] * (what == "full"))
    broker.put("dead-letter.dead", "a task given up")
    broker.put("foreign", "a task of somebody")
    # When all are deleted, Then none of the objects hangs
    for name in (*cases, "dead-letter", "foreign"):
        story.kube.delete("WorkQueue", name)
    wait_for("all to be gone", lambda: not story.kube.list("WorkQueue"), seconds=40)
    # And the queues that stay are those that should, with their tasks
    stay = {
        name: what
        for name, (policy, _, what) in cases.items()
        if policy == "Retain" or (policy, what) == ("DeleteIfEmpty", "full")
    }
    assert {name for name in cases if broker.queue(name)} == set(stay)
    assert {name for name in cases if broker.queue(f"{name}.dead")} == set(stay)
    for name, what in {**stay, "foreign": "full"}.items():
        assert broker.waiting(name) == (what == "full")
    assert broker.queue("dead-letter") is None
    assert broker.waiting("dead-letter.dead") == 1
    assert_events_say(story)


def assert_events_say(story: Story) -> None:
    """What became of each queue that does not simply stay, or go."""
    said = {
        "deleteifempty-quorum-empty": ("QueueDeleted", "it is empty"),
        "delete-classic-full": ("QueueDeleted", "deletionPolicy is Delete, with 1 tasks in it"),
        "deleteifempty-classic-full": ("QueueKept", "it holds 1 tasks"),
        "dead-letter": ("QueueKept", "kept, with what is in it: dead-letter.dead"),
        "foreign": ("QueueKept", "never had a queue 'foreign': one of that name is left alone"),
    }
    for name, (reason, words) in said.items():
        assert words in story.wait_event(name, reason)["message"]


def held(policy: str, kind: str) -> dict[str, Any]:
    """A spec without workers."""
    return {"queue": {"deletionPolicy": policy, "type": kind}, "scaling": {"mode": "Hold"}}


def test_workers_finish_before_the_queue_goes_and_a_deletion_survives_the_operator(
    story: Story, operator: Operator
) -> None:
    broker = story.broker
    # Given tasks in work in two queues that will be deleted if empty, and two idle queues
    for name in ("drains", "drains-classic"):
        kind = "Classic" if "classic" in name else "Quorum"
        story.apply(name, {"queue": {"deletionPolicy": "DeleteIfEmpty", "type": kind}})
    for name in ("retained", "deleted"):
        policy = "Retain" if name == "retained" else "Delete"
        story.apply(name, held(policy, "Quorum"))
        story.wait_ready(name, "Held")
        broker.put(name, "a task")
    story.publish("one", "drains", tasks(2, seconds=8))
    story.publish("two", "drains-classic", tasks(2, seconds=8, first=2))
    held_tasks = story.wait_in_work(2)
    # When all four are deleted while the operator is down
    operator.scale(0)
    for name in ("drains", "drains-classic", "retained", "deleted"):
        story.kube.delete("WorkQueue", name)
    # Then the one that asks for nothing is gone already, and the others wait for the operator
    wait_for("it to be gone", lambda: story.kube.get("WorkQueue", "retained") is None, seconds=5)
    assert len(story.kube.list("WorkQueue")) == 3
    operator.scale(1)
    wait_for("all to be gone", lambda: not story.kube.list("WorkQueue"), seconds=60)
    # And who held a task has finished it, and no queue has gone with a task in it but as asked
    done = story.ledger.read().count("completed")
    assert set(held_tasks) <= done.keys()
    assert story.ledger.repeated() == []
    assert broker.queue("deleted") is None
    assert broker.waiting("retained") == 1
    for first, name in ((0, "drains"), (2, "drains-classic")):
        left = {first, first + 1} - done.keys()
        assert (broker.queue(name) is None) == (not left)
        assert not left or broker.waiting(name) == len(left)
