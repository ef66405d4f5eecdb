"""A deletion when something else goes wrong: nothing is lost, and nothing hangs for ever."""

import pytest

from unit.controller.endings import POLICIES, at_rest, is_gone
from unit.controller.fake_broker import secret
from unit.controller.fake_cluster import CONFLICT
from unit.controller.rig import KEY, LET_GO_SECONDS, Rig, pod
from workqueue_operator.core.errors import AccessRefusedError, ApiError
from workqueue_operator.core.readings import Known, Missing


@pytest.mark.parametrize("policy", POLICIES)
def test_a_silent_broker_is_waited_for_and_then_named(policy: str, rig: Rig) -> None:
    given = at_rest(rig, policy)
    rig.broker.go_down()
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(LET_GO_SECONDS - 5)
    assert not is_gone(rig)
    assert rig.cluster.reasons().count("DeletionWaiting") == 1
    rig.pass_seconds(10)
    assert is_gone(rig)
    last = rig.cluster.events[-1]
    assert (last["type"], last["reason"]) == ("Warning", "QueueLeftBehind")
    assert "'thumbnails'" in last["message"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_broker_that_comes_back_in_time_is_used(policy: str, rig: Rig) -> None:
    given = at_rest(rig, policy)
    rig.broker.go_down()
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(200)
    rig.broker.down = None
    rig.pass_seconds(20)
    assert is_gone(rig)
    assert not rig.broker.has("thumbnails")


@pytest.mark.parametrize("policy", POLICIES)
def test_one_deleted_while_the_operator_was_down_has_its_queue_deleted(
    policy: str, rig: Rig
) -> None:
    # Given a deletion that nobody saw for an hour
    given = at_rest(rig, policy)
    rig.cluster.deaf = True
    rig.cluster.delete_workqueue(given)
    rig.clock.seconds += 3600
    rig.cluster.deaf = False
    # When the operator starts again
    rig.start()
    rig.run()
    # Then the broker has its time to answer
    assert not is_gone(rig)
    rig.pass_seconds(20)
    assert is_gone(rig)
    assert not rig.broker.has("thumbnails")


def test_a_short_silence_after_a_long_drain_leaves_nothing_behind(rig: Rig) -> None:
    # Given a worker that drains for ten minutes
    given = at_rest(rig, "Delete")
    rig.cluster.pods[KEY] = [pod("thumbnails-0", terminating=True)]
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(600)
    # When the broker is silent just as it leaves
    rig.broker.go_down()
    rig.sweep()
    rig.cluster.pods[KEY] = []
    rig.pass_seconds(10)
    assert not is_gone(rig)
    # Then its return is waited for
    rig.broker.down = None
    rig.pass_seconds(5)
    assert is_gone(rig)
    assert not rig.broker.has("thumbnails")


def test_dead_letters_follow_a_new_password_and_believe_no_other_queue(rig: Rig) -> None:
    # Given a deletion that looks at the dead letters
    given = at_rest(rig, "DeleteIfEmpty")
    rig.broker.queue().unacked = 1
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.sweep()
    dead = rig.controller.stepper.finalizing.endings["uid-1"].companions["thumbnails.dead"]
    assert isinstance(dead.reading, Known)
    # When a sweep ends that was about a queue of before
    access = dead.target[0]
    rig.controller.stepper.queueing.watches.add("uid-1", (access, "old"))
    rig.controller.observe(access, {"old": Missing(why="no queue", at=rig.clock.seconds)})
    # Then nobody takes it for the dead letters
    assert isinstance(dead.reading, Known)
    rig.controller.stepper.queueing.watches.drop("uid-1", (access, "old"))
    # And when the password changes, they are read with the new one
    rig.cluster.secrets["shop", "rabbitmq"] = secret(password="newer")
    rig.pass_seconds(70)
    assert {access.password for access, _ in rig.broker.watched} == {"newer"}
    rig.broker.queue().unacked = 0
    rig.pass_seconds(15)
    assert is_gone(rig)
    assert rig.broker.queues == {}


def test_a_namespace_that_ends_takes_the_secret_first(rig: Rig) -> None:
    # Given a WorkQueue, and no Secret any more, nor a right to post events
    given = at_rest(rig, "Delete")
    del rig.cluster.secrets["shop", "rabbitmq"]
    rig.cluster.failures["post_event"] = ApiError(403, "namespace shop is being terminated")
    rig.clock.seconds += 61
    # When it is deleted
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(10)
    # Then the queue is deleted with what is known
    assert is_gone(rig)
    assert not rig.broker.has("thumbnails")


def test_without_secret_and_memory_it_is_let_go_at_last(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    del rig.cluster.secrets["shop", "rabbitmq"]
    rig.start()
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(LET_GO_SECONDS - 10)
    assert not is_gone(rig)
    rig.pass_seconds(20)
    assert is_gone(rig)
    assert rig.cluster.reasons()[-1] == "QueueLeftBehind"


def test_a_queue_on_the_broker_of_before_is_left_there(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    rig.cluster.secrets["shop", "rabbitmq"] = secret(host="other")
    rig.pass_seconds(70)
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(5)
    assert is_gone(rig)
    assert rig.broker.deleted == []
    assert rig.broker.has("thumbnails")


def test_a_broker_that_refuses_the_deletion_is_named_after_a_while(rig: Rig) -> None:
    given = at_rest(rig, "Delete")
    rig.broker.delete_refused = AccessRefusedError("the user may not configure 'thumbnails'")
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(LET_GO_SECONDS + 10)
    assert is_gone(rig)
    assert "may not configure" in rig.cluster.events[-1]["message"]


def test_a_conflict_over_the_finalizer_is_tried_again_and_told_once(rig: Rig) -> None:
    # Given somebody who has always written just before us
    given = at_rest(rig, "Delete")
    rig.cluster.delete_workqueue(given)
    rig.cluster.failures["patch_workqueue"] = CONFLICT
    rig.run()
    rig.pass_seconds(20)
    assert not is_gone(rig)
    # When that ends, the object goes; what became of its queue was told once
    rig.cluster.failures.clear()
    rig.pass_seconds(31)
    assert is_gone(rig)
    assert rig.cluster.reasons().count("QueueDeleted") == 1


def test_a_task_that_waits_for_its_next_attempt_keeps_the_queue(rig: Rig) -> None:
    # Given a WorkQueue with retry delays, and a task that waits in one of the retry queues
    given = at_rest(rig, "DeleteIfEmpty", worker={"retry": {"delaysSeconds": [5, 60]}})
    rig.broker.queue("thumbnails.retry.60").ready = 1
    # When it is deleted
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(60)
    # Then the task has a queue to come back to
    assert is_gone(rig)
    assert rig.broker.has("thumbnails")
    assert rig.broker.has("thumbnails.dead")
    assert rig.broker.has("thumbnails.retry.60")
    assert not rig.broker.has("thumbnails.retry.5")
    last = rig.cluster.events[-1]
    assert last["reason"] == "QueueKept"
    assert "thumbnails.retry.60" in last["message"]


def test_a_retry_queue_that_shows_nothing_for_a_moment_is_not_taken_for_empty(rig: Rig) -> None:
    # Given a task that waits for its next attempt, in a queue that loses its leader
    queue = {"deletionPolicy": "DeleteIfEmpty", "deadLetters": "None"}
    given = rig.apply({"queue": queue, "worker": {"retry": {"delaysSeconds": [60]}}})
    rig.run()
    rig.settle()
    rig.pass_seconds(20)
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(5)
    # When it has shown a zero for less long than a zero must last
    assert rig.broker.has("thumbnails.retry.60")
    rig.broker.queue("thumbnails.retry.60").ready = 1
    rig.pass_seconds(30)
    # Then the task is still there, and so is what it comes back to
    assert is_gone(rig)
    assert rig.broker.has("thumbnails")
    assert rig.broker.has("thumbnails.retry.60")
    assert rig.cluster.reasons()[-1] == "QueueKept"


def test_retry_queues_that_stay_empty_go_with_a_queue_that_does(rig: Rig) -> None:
    given = at_rest(rig, "DeleteIfEmpty", worker={"retry": {"delaysSeconds": [5, 60]}})
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(30)
    assert is_gone(rig)
    assert not rig.broker.queues
    assert not rig.broker.watched


def test_retry_queues_go_with_the_queue(rig: Rig) -> None:
    given = at_rest(rig, "Delete", worker={"retry": {"delaysSeconds": [5, 60]}})
    assert rig.broker.has("thumbnails.retry.5")
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.pass_seconds(60)
    assert is_gone(rig)
    assert not rig.broker.queues
