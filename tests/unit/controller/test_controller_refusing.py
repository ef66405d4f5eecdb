"""Objects that break a rule which their schema did not have: said so, held, and let go."""

from typing import Any

from unit.controller.rig import KEY, Rig
from unit.controller.workers import with_workers
from unit.core.builders import body
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.workqueue import FINALIZER

CPU = {"target": {"metric": "Cpu", "value": 60, "expectedTaskSeconds": 1}}


def refused(rig: Rig, **metadata: Any) -> dict[str, Any]:
    """One whose target this version does not know."""
    given = body({"scaling": CPU}, **metadata)
    rig.cluster.put(given)
    rig.run()
    return given


def test_it_is_told_once_what_is_wrong(rig: Rig) -> None:
    given = refused(rig)
    ready = rig.condition(given)
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSpec")
    assert "Cpu, which this version of the operator does not know" in ready["message"]
    assert rig.cluster.reasons() == ["InvalidSpec"]
    # And not again, however often it is looked at, or the operator starts
    rig.cluster.touch(given)
    rig.controller.pending.add("uid-1")
    rig.run()
    rig.start()
    rig.run()
    assert rig.cluster.writes() == ["post_event", "patch_status"]


def test_its_workers_stay_as_they_are_and_its_queue_is_read_no_more(rig: Rig) -> None:
    # Given five workers
    given = with_workers(rig)
    # When their WorkQueue is changed to what nobody knows, and tasks come
    rig.change(given, scaling=CPU)
    rig.run()
    rig.broker.queue().ready = 400
    rig.pass_seconds(120, every=5)
    assert rig.deployment().replicas == 5
    assert rig.broker.watched == {}
    # Then they follow the tasks again once it is mended
    rig.change(given, scaling=body()["spec"]["scaling"])
    rig.run()
    rig.settle()
    assert rig.deployment().replicas == 40
    assert rig.condition(given)["status"] == "True"
    assert "Recovered" in rig.cluster.reasons()


def test_a_deletion_is_not_held_up_by_it(rig: Rig) -> None:
    # Given one whose queue should go with it, and that nobody can read
    given = refused(rig, finalizers=[FINALIZER, "example.com/theirs"])
    # When it is deleted
    rig.cluster.delete_workqueue(given)
    rig.run()
    # Then only the other finalizer holds it, and what stays behind is told
    assert given["metadata"]["finalizers"] == ["example.com/theirs"]
    assert rig.cluster.reasons() == ["InvalidSpec", "QueueLeftBehind"]
    rig.controller.pending.add("uid-1")
    rig.run()
    assert rig.cluster.reasons() == ["InvalidSpec", "QueueLeftBehind"]


def test_one_without_our_finalizer_goes_without_a_word(rig: Rig) -> None:
    given = refused(rig)
    rig.cluster.delete_workqueue(given)
    rig.run()
    assert KEY not in rig.cluster.workqueues
    assert rig.cluster.reasons() == ["InvalidSpec"]


def test_an_api_server_that_refuses_the_words_is_asked_again(rig: Rig) -> None:
    rig.cluster.failures["patch_status"] = ApiError(500, "etcd is slow")
    given = refused(rig)
    assert "status" not in given
    rig.cluster.failures.clear()
    rig.pass_seconds(11)
    assert rig.condition(given)["reason"] == "InvalidSpec"
