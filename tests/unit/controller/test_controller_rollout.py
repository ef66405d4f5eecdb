"""After an upgrade of the operator not all workers are replaced at once."""

from dataclasses import replace

from unit.controller.fake_cluster import Key
from unit.controller.rig import KEY, Rig
from unit.controller.workers import hand_edit, with_workers
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.manifests import RENDERING
from workqueue_operator.core.rollout import ROLLING_AT_ONCE


def age(rig: Rig, key: Key = KEY) -> None:
    """Make it what an older version of the operator has rendered."""
    live = rig.deployment(key)
    annotations = {**live.annotations, RENDERING: "older"}
    manifest = dict(rig.cluster.manifests[key])
    manifest["spec"] = manifest["spec"] | {"template": {"older": True}}
    rig.cluster.manifests[key] = manifest
    rig.cluster.deployments[key] = replace(live, annotations=annotations)


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
