"""The Deployment: one small write, and only when something differs."""

from dataclasses import replace

import pytest

from unit.controller.rig import KEY, Rig
from unit.controller.workers import hand_edit, with_workers
from workqueue_operator.core.errors import ApiError


def test_nothing_is_written_when_nothing_differs(rig: Rig) -> None:
    with_workers(rig)
    rig.pass_seconds(60)
    rig.cluster.asked.clear()
    rig.controller.pending.add("uid-1")
    assert rig.run() == 1
    assert rig.cluster.writes() == []


@pytest.mark.parametrize("mode", ["Auto", "Hold"])
def test_a_new_image_is_rolled_out_without_a_move_of_the_number(mode: str, rig: Rig) -> None:
    # Given five workers
    given = with_workers(rig)
    rig.change(given, scaling={"mode": mode})
    rig.run()
    # When the image is changed
    rig.change(given, worker={"image": "registry.example/thumbnails:2"})
    rig.run()
    # Then one apply tells it, with the number of workers in it
    container = rig.cluster.manifests[KEY]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/thumbnails:2"
    assert rig.cluster.replicas == [0, 5]


def test_workers_scaled_away_by_hand_come_back_at_once(rig: Rig) -> None:
    with_workers(rig)
    hand_edit(rig, replicas=1)
    rig.sweep()
    assert rig.deployment().replicas == 5
    assert rig.cluster.reasons()[-1] == "ScaledUp"


def test_workers_added_by_hand_leave_after_a_window(rig: Rig) -> None:
    with_workers(rig)
    hand_edit(rig, replicas=9)
    rig.sweep()
    assert rig.deployment().replicas == 9
    rig.pods_start()
    rig.work(0)
    rig.pass_seconds(80)
    assert rig.deployment().replicas == 5


def test_a_template_edited_by_hand_is_taken_back(rig: Rig) -> None:
    # Given a Deployment that this process has written
    with_workers(rig)
    applies = rig.cluster.asked.count("apply_deployment")
    # When somebody changes its template
    hand_edit(rig)
    rig.run()
    # Then it is applied again, once
    rig.settle()
    assert rig.cluster.asked.count("apply_deployment") == applies + 1


def test_an_event_of_the_watch_from_before_our_write_is_ignored(rig: Rig) -> None:
    # Given a watch that lags behind
    with_workers(rig)
    old = rig.deployment()
    rig.broker.queue().ready = 190
    rig.sweep()
    assert rig.deployment().replicas == 19
    rig.cluster.asked.clear()
    # When it tells of the time before our own write
    rig.controller.observe_deployment("uid-1", old)
    rig.sweep()
    # Then nothing is decided on it
    assert rig.state().wanted() == 19
    assert rig.cluster.writes() == []


def test_a_deployment_deleted_by_hand_is_made_again_and_told_once_it_is(rig: Rig) -> None:
    # Given five workers, and a quota that forbids new ones
    with_workers(rig)
    rig.cluster.failures["apply_deployment"] = ApiError(403, "exceeded quota")
    # When somebody deletes the Deployment
    rig.cluster.set_deployment(None, KEY)
    rig.pass_seconds(20)
    assert "DeploymentRecreated" not in rig.cluster.reasons()
    # Then it is told when it is there again, with as many workers
    rig.cluster.failures.clear()
    rig.pass_seconds(31)
    assert rig.deployment().replicas == 5
    assert rig.cluster.reasons().count("DeploymentRecreated") == 1


def test_a_foreign_deployment_is_refused_and_never_touched(rig: Rig) -> None:
    # Given somebody's own Deployment of that name
    other = Rig()
    with_workers(other)
    foreign = replace(other.deployment(), owner_uid=None, replicas=2)
    rig.cluster.deployments[KEY] = foreign
    # When a WorkQueue of that name is created, and tasks come
    given = rig.apply()
    rig.run()
    rig.broker.queue().ready = 50
    rig.settle()
    rig.pass_seconds(60)
    # Then status and one event say so, and it is as it was
    assert rig.cluster.deployments[KEY] == foreign
    assert rig.condition(given)["reason"] == "DeploymentConflict"
    assert rig.cluster.reasons().count("DeploymentConflict") == 1


def test_one_that_took_the_place_of_ours_is_refused(rig: Rig) -> None:
    # Given our Deployment, replaced by somebody's own while the watch said nothing
    with_workers(rig)
    rig.cluster.deployments[KEY] = replace(rig.deployment(), uid="theirs", owner_uid=None)
    # When more workers are needed
    rig.broker.queue().ready = 190
    rig.sweep()
    # Then theirs is not taken over
    assert rig.deployment().uid == "theirs"
    assert rig.deployment().replicas == 5
