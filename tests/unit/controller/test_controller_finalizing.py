"""Deletion: workers first, then the queue as the policy says; never a task lost, never hanging."""

from dataclasses import replace

import pytest

from unit.controller.endings import POLICIES, at_rest, is_gone
from unit.controller.rig import KEY, LET_GO_SECONDS, Rig, pod
from workqueue_operator.core.errors import QueueMismatchError
from workqueue_operator.core.workqueue import FINALIZER


def test_retain_needs_no_finalizer_and_leaves_the_queue(rig: Rig) -> None:
    given = at_rest(rig, "Retain")
    assert FINALIZER not in given["metadata"].get("finalizers", ())
    rig.cluster.delete_workqueue(given)
    rig.run()
    assert is_gone(rig)
    assert rig.broker.has("thumbnails")
    assert rig.broker.watched == {}


def test_the_finalizer_follows_the_policy(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    assert given["metadata"]["finalizers"] == [FINALIZER]
    rig.change(given, queue={"deletionPolicy": "Retain"})
    rig.run()
    assert given["metadata"]["finalizers"] == []


def test_delete_removes_queue_and_dead_letters_with_all_that_is_in_them(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    rig.broker.queue().ready = rig.broker.queue("thumbnails.dead").ready = 7
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(5)
    assert is_gone(rig)
    assert rig.broker.queues == {}
    assert rig.cluster.reasons()[-1] == "QueueDeleted"


@pytest.mark.parametrize("kind", ["Quorum", "Classic"])
def test_if_empty_deletes_what_was_seen_empty_for_a_while(kind: str, rig: Rig) -> None:
    spec = {"queue": {"deletionPolicy": "DeleteIfEmpty", "type": kind}}
    given = rig.apply(spec)
    rig.run()
    rig.settle()
    rig.cluster.delete_workqueue(given)
    # Given readings of nothing, they must repeat before anything is deleted
    rig.run()
    rig.pass_seconds(5)
    assert rig.broker.has("thumbnails")
    rig.pass_seconds(15)
    assert is_gone(rig)
    assert rig.broker.queues == {}


@pytest.mark.parametrize("name", ["thumbnails", "thumbnails.dead"])
def test_if_empty_keeps_every_queue_that_holds_a_task(name: str, rig: Rig) -> None:
    given = at_rest(rig, "DeleteIfEmpty")
    rig.broker.queue(name).ready = 1
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(30)
    assert is_gone(rig)
    assert rig.broker.queue(name).ready == 1
    assert rig.broker.has("thumbnails.dead")
    assert rig.cluster.reasons()[-1] == "QueueKept"
    assert rig.cluster.events[-1]["type"] == "Warning"


def test_a_task_that_comes_in_the_last_moment_is_kept(rig: Rig) -> None:
    # Given a queue that has been seen empty for long
    given = at_rest(rig, "DeleteIfEmpty")
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(9)
    # When a task comes after the last reading, just before the queue is deleted
    rig.broker.queue().ready = 1
    rig.quiet_seconds(3)
    rig.quiet_seconds(3)
    # Then the broker itself is asked, and nothing is lost
    assert rig.broker.queue().ready == 1
    rig.pass_seconds(5)
    assert is_gone(rig)
    assert rig.cluster.reasons()[-1] == "QueueKept"
    # And its dead letters stay with it, empty as they are: it still leads there
    assert rig.broker.has("thumbnails.dead")


@pytest.mark.parametrize("policy", POLICIES)
def test_workers_finish_their_tasks_first(policy: str, rig: Rig) -> None:
    # Given three workers
    given = at_rest(rig, policy)
    rig.broker.queue().ready = 30
    rig.sweep()
    rig.pods_start()
    # When the WorkQueue is deleted, and they finish what they hold
    rig.cluster.delete_workqueue(given)
    rig.run()
    assert KEY not in rig.cluster.deployments
    rig.cluster.pods[KEY] = [pod("thumbnails-0", terminating=True)]
    rig.broker.queue().ready, rig.broker.queue().consumers = 0, 1
    rig.pass_seconds(400)
    # Then nothing is deleted under their hands, however long that takes
    assert rig.broker.has("thumbnails")
    assert not is_gone(rig)
    # And when the last has left, the queue goes, for it is empty
    rig.cluster.pods[KEY] = []
    rig.broker.queue().consumers = 0
    rig.pass_seconds(20)
    assert is_gone(rig)
    assert not rig.broker.has("thumbnails")
    assert rig.cluster.reasons()[-1] == "QueueDeleted"


def test_a_pod_that_never_ends_does_not_hold_the_object_for_ever(rig: Rig) -> None:
    # Given a pod on a node that has died
    given = at_rest(rig, "Delete")
    rig.cluster.delete_workqueue(given)
    rig.cluster.pods[KEY] = [pod("thumbnails-0", terminating=True)]
    rig.run()
    # When its grace period of 630 s is over, and some more
    rig.pass_seconds(600, every=5)
    assert not is_gone(rig)
    rig.pass_seconds(LET_GO_SECONDS + 60, every=5)
    assert is_gone(rig)


def test_a_count_that_lags_behind_the_last_worker_is_waited_for(rig: Rig) -> None:
    # Given a worker that has drained for ten minutes, and a count of tasks that is some s old
    given = at_rest(rig, "DeleteIfEmpty")
    rig.cluster.pods[KEY] = [pod("thumbnails-0", terminating=True)]
    rig.broker.queue().unacked = 1
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(600)
    # When it leaves, and the count follows
    rig.cluster.pods[KEY] = []
    rig.pass_seconds(5)
    assert not is_gone(rig)
    rig.broker.queue().unacked = 0
    rig.pass_seconds(5)
    # Then the queue is deleted, for it is empty
    assert rig.cluster.reasons()[-1] == "QueueDeleted"
    assert not rig.broker.has("thumbnails")


@pytest.mark.parametrize("restart", [False, True])
def test_the_younger_of_two_never_deletes_the_queue_of_the_elder(restart: bool, rig: Rig) -> None:
    at_rest(rig, "Retain", name="thumbnails", uid="old")
    rig.clock.seconds += 60
    spec = {"queue": {"name": "thumbnails", "deletionPolicy": "Delete"}}
    young = rig.apply(spec, name="young", uid="young")
    rig.run()
    rig.settle()
    if restart:
        rig.start()
    young["metadata"]["finalizers"] = [FINALIZER]
    rig.cluster.delete_workqueue(young)
    rig.run()
    rig.pass_seconds(20)
    assert ("shop", "young") not in rig.cluster.workqueues
    assert rig.broker.has("thumbnails")
    assert rig.broker.deleted == []


def test_a_queue_with_other_parameters_is_not_ours_to_delete(rig: Rig) -> None:
    rig.broker.queue().ready = 5
    rig.broker.refusals["thumbnails"] = QueueMismatchError(
        "thumbnails", "durable", found="false", wanted="true"
    )
    given = at_rest(rig, "Delete")
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(20)
    assert is_gone(rig)
    assert rig.broker.deleted == []


def test_finalizers_of_others_stay(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    given["metadata"]["finalizers"].append("backup.example/wait")
    rig.cluster.touch(given)
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(20)
    assert given["metadata"]["finalizers"] == ["backup.example/wait"]
    # And nothing more is done to what waits for somebody else
    rig.cluster.asked.clear()
    rig.pass_seconds(120)
    assert rig.cluster.asked == []


def test_a_backlog_of_a_deleted_one_asks_for_no_step_of_its_own(rig: Rig) -> None:
    # Given a deletion that waits for a worker, with tasks that ask for many more
    given = at_rest(rig, "Delete")
    rig.cluster.pods[KEY] = [pod("thumbnails-0", terminating=True)]
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.broker.queue().ready = 500
    rig.sweep()
    steps = rig.steps
    # When its queue is read five times a second
    rig.pass_seconds(10, every=0.2)
    # Then the deletion keeps its own rhythm, and makes no worker
    assert rig.steps - steps <= 11
    assert KEY not in rig.cluster.deployments


def test_what_is_gone_leaves_nothing_behind_in_memory(rig: Rig) -> None:
    for policy in ("Retain", *POLICIES):
        given = at_rest(rig, policy, name=policy.lower(), uid=policy)
        key = ("shop", policy.lower())
        rig.cluster.deployments[key] = replace(rig.deployment(key), ready=0)
        rig.cluster.delete_workqueue(given)
        rig.run()
        rig.pass_seconds(30)
    stepper = rig.controller.stepper
    assert rig.cluster.workqueues == {}
    assert rig.controller.states.by_uid == {}
    assert rig.controller.states._early == {}
    assert rig.pending.left() == {}
    assert rig.broker.watched == {}
    assert stepper.queueing.watches._uids == {}
    assert stepper.queueing.secrets._entries == {}
    assert stepper.queueing.declaring.slots._counters == {}
    assert stepper.queueing.claims._by_uid == {}
    assert stepper.queueing.claims._by_key == {}
    assert stepper.finalizing.endings == {}
    assert stepper.acting.turns._held == set()
