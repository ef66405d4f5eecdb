"""The Deployment: one small write, and only when something differs."""

from dataclasses import replace
from typing import Any

import pytest

from unit.controller.fake_cluster import Key
from unit.controller.rig import KEY, Rig
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.manifests import RENDERING
from workqueue_operator.core.rollout import ROLLING_AT_ONCE


def with_workers(rig: Rig, *, backlog: int = 50, **metadata: Any) -> dict[str, Any]:
    """One WorkQueue at work; five workers by default."""
    given = rig.apply(**metadata)
    name = given["metadata"]["name"]
    rig.run()
    rig.settle()
    rig.broker.queue(name).ready = backlog
    rig.sweep()
    rig.pods_start(("shop", name))
    rig.broker.queue(name).consumers = rig.deployment(("shop", name)).replicas
    rig.settle()
    return given


def hand_edit(rig: Rig, key: Key = KEY, **change: Any) -> None:
    live = rig.deployment(key)
    rig.cluster.set_deployment(replace(live, generation=live.generation + 1, **change), key)


def age(rig: Rig, key: Key = KEY) -> None:
    """Make it what an older version of the operator has rendered."""
    live = rig.deployment(key)
    annotations = {**live.annotations, RENDERING: "older"}
    manifest = dict(rig.cluster.manifests[key])
    manifest["spec"] = manifest["spec"] | {"template": {"older": True}}
    rig.cluster.manifests[key] = manifest
    rig.cluster.deployments[key] = replace(live, annotations=annotations)


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


def after_upgrade(rig: Rig, *, count: int) -> list[Key]:
    """Some WorkQueues at work, rendered by an older version; the new one has just started."""
    keys = [("shop", f"mail-{number}") for number in range(count)]
    for _, name in keys:
        with_workers(rig, name=name, uid=name)
        age(rig, ("shop", name))
    rig.start()
    rig.cluster.asked.clear()
    rig.run()
    rig.settle()
    return keys


def test_after_an_upgrade_only_the_number_is_patched_until_the_turn_comes(rig: Rig) -> None:
    # Given a Deployment that the version before has rendered
    (key,) = after_upgrade(rig, count=1)
    # When more workers are needed at once
    rig.broker.queue("mail-0").ready = 90
    rig.sweep()
    # Then their number alone is changed
    assert rig.deployment(key).replicas == 9
    assert rig.deployment(key).annotations[RENDERING] == "older"
    assert "apply_deployment" not in rig.cluster.asked
    # And the whole of it when its turn has come
    rig.pass_seconds(20)
    assert rig.deployment(key).annotations[RENDERING] != "older"
    assert rig.deployment(key).replicas == 9


def test_a_hand_on_the_number_does_not_bring_the_turn_forward(rig: Rig) -> None:
    # Given one that waits for its turn, and whose number was patched
    (key,) = after_upgrade(rig, count=1)
    rig.broker.queue("mail-0").ready = 90
    rig.sweep()
    # When somebody scales it by hand
    hand_edit(rig, key, replicas=2)
    rig.sweep()
    # Then the number is taken back, and nobody is rolled
    assert rig.deployment(key).replicas == 9
    assert rig.deployment(key).annotations[RENDERING] == "older"


def test_those_without_workers_are_rendered_anew_at_once(rig: Rig) -> None:
    rig.apply()
    rig.run()
    rig.settle()
    age(rig)
    rig.start()
    rig.run()
    rig.settle()
    assert rig.deployment().annotations[RENDERING] != "older"


def test_a_few_roll_at_a_time_and_the_next_when_one_is_through(rig: Rig) -> None:
    keys = after_upgrade(rig, count=ROLLING_AT_ONCE + 2)
    rig.pass_seconds(20)

    def new() -> list[Key]:
        return [key for key in keys if rig.deployment(key).annotations[RENDERING] != "older"]

    assert len(new()) == ROLLING_AT_ONCE
    # When nothing has been seen of the rollout yet, nobody's turn is over
    rig.pass_seconds(10)
    assert len(new()) == ROLLING_AT_ONCE
    # When one is through, the next has its turn
    rig.pods_start(new()[0])
    rig.pass_seconds(10)
    assert len(new()) == ROLLING_AT_ONCE + 1
    # And a rollout that is stuck for long holds up nobody
    for key in new():
        live = rig.deployment(key)
        stuck = replace(live, updated=1, current=6, observed_generation=live.generation)
        rig.cluster.set_deployment(stuck, key)
    rig.pass_seconds(30)
    assert len(new()) == ROLLING_AT_ONCE + 1
    rig.pass_seconds(610, every=5)
    assert len(new()) == ROLLING_AT_ONCE + 2


def test_one_whose_apply_is_refused_keeps_no_turn(rig: Rig) -> None:
    keys = after_upgrade(rig, count=ROLLING_AT_ONCE)
    rig.cluster.failures["apply_deployment"] = ApiError(403, "exceeded quota")
    rig.pass_seconds(20)
    turns = rig.controller.stepper.acting.turns
    assert turns._held == set()
    rig.cluster.failures.clear()
    rig.pass_seconds(40)
    assert all(rig.deployment(key).annotations[RENDERING] != "older" for key in keys)


def test_one_that_is_deleted_in_the_middle_of_its_rollout_keeps_no_turn(rig: Rig) -> None:
    after_upgrade(rig, count=1)
    rig.pass_seconds(20)
    turns = rig.controller.stepper.acting.turns
    assert turns._held == {"mail-0"}
    rig.cluster.delete_workqueue(rig.cluster.workqueues["shop", "mail-0"])
    rig.run()
    assert turns._held == set()
