"""A new process of the operator over the world that the old one left."""

from unit.controller.rig import Rig
from workqueue_operator.core.readings import Known


def working(rig: Rig, backlog: int = 200) -> None:
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = backlog
    rig.sweep()
    rig.pods_start()
    rig.broker.queue().consumers = 20
    rig.settle()
    rig.pass_seconds(40)


def test_a_restart_changes_no_number_of_workers_and_writes_nothing(rig: Rig) -> None:
    # Given twenty workers at work
    working(rig)
    writes = rig.cluster.writes()
    # When another process takes over, and reads the same
    rig.start()
    rig.run()
    rig.settle()
    rig.pass_seconds(30)
    # Then nothing was written
    assert rig.cluster.replicas == [0, 20]
    assert rig.cluster.writes() == writes


def test_a_restart_tells_no_number_at_once_that_could_wait_before_it(rig: Rig) -> None:
    # Given a backlog that moved a moment ago, and is not in status yet
    working(rig)
    rig.broker.queue().ready = 180
    rig.broker.queue().unacked = None
    writes = rig.cluster.writes()
    rig.start()
    rig.run()
    rig.settle()
    rig.pass_seconds(20)
    assert rig.cluster.writes() == writes
    rig.pass_seconds(40)
    assert rig.cluster.writes() == [*writes, "patch_status"]


def test_a_restart_into_an_outage_of_the_broker_removes_nobody(rig: Rig) -> None:
    working(rig)
    rig.broker.go_down()
    rig.start()
    rig.run()
    rig.pass_seconds(600)
    assert rig.cluster.replicas == [0, 20]
    assert rig.cluster.reasons()[-1] == "BrokerUnreachable"


def test_workers_that_the_watch_has_not_told_of_are_not_sent_home(rig: Rig) -> None:
    # Given workers whose number was not written into the status yet, and a broker that is away
    working(rig)
    (given,) = rig.cluster.workqueues.values()
    given["status"]["workers"]["desired"] = 0
    rig.broker.go_down()
    # When another process takes over whose watch has not told of the Deployment
    deployments = dict(rig.cluster.deployments)
    rig.cluster.deployments.clear()
    rig.start()
    rig.cluster.deployments.update(deployments)
    rig.run()
    rig.pass_seconds(60)
    # Then nobody is sent home for it
    assert rig.cluster.replicas == [0, 20]


def test_a_restart_after_the_tasks_were_done_waits_a_whole_window(rig: Rig) -> None:
    # Given workers that have nothing to do any more
    working(rig)
    rig.broker.queue().ready = 0
    rig.work(0)
    rig.start()
    rig.run()
    # When most of a window has passed since the start
    rig.pass_seconds(58)
    # Then all are there, and at the end of it they go
    assert rig.cluster.replicas == [0, 20]
    rig.pass_seconds(10)
    assert rig.cluster.replicas == [0, 20, 0]


def test_an_old_step_down_is_forgotten_after_the_grace_period(rig: Rig) -> None:
    # Given one that was scaled down lately, and a restart
    working(rig)
    rig.start()
    rig.run()
    rig.sweep()
    lately = rig.state().seen(rig.clock.seconds)
    assert lately is not None
    assert lately.may_drain
    # When its grace period is over, nobody of then is left
    rig.clock.seconds += 640
    rig.start()
    rig.run()
    rig.sweep()
    seen = rig.state().seen(rig.clock.seconds)
    assert seen is not None
    assert isinstance(seen.reading, Known)
    assert not seen.may_drain


def test_a_trouble_that_was_told_before_the_restart_is_not_told_again(rig: Rig) -> None:
    working(rig)
    rig.broker.go_down()
    rig.settle()
    events = rig.cluster.reasons()
    assert events[-1] == "BrokerUnreachable"
    # When the operator is restarted in the middle of it
    rig.start()
    rig.run()
    rig.settle()
    # Then nobody is told twice
    assert rig.cluster.reasons() == events
    # And its end is told, by the process that never told of its beginning
    rig.broker.down = None
    rig.settle()
    assert rig.cluster.reasons() == [*events, "Recovered"]


def test_the_younger_of_two_is_told_after_a_restart_too(rig: Rig) -> None:
    # Given two WorkQueues for one queue; names that make the younger's step come first
    rig.apply(name="thumbnails", uid="old")
    rig.run()
    rig.settle()
    rig.clock.seconds += 60
    young = rig.apply({"queue": {"name": "thumbnails"}}, name="another", uid="young")
    rig.run()
    assert rig.condition(young)["reason"] == "QueueConflict"
    rig.cluster.workqueues = dict(sorted(rig.cluster.workqueues.items()))
    # When the operator is restarted, and tasks come
    rig.start()
    rig.run()
    rig.broker.queue().ready = 50
    rig.settle()
    # Then the younger has no workers
    assert rig.deployment().replicas == 5
    assert ("shop", "another") not in rig.cluster.deployments
    assert rig.condition(young)["reason"] == "QueueConflict"
