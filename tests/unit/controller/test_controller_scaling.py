"""What the rules of scaling ask of the controller: schedules, blindness, limits, modes."""

from dataclasses import replace

import pytest

from unit.controller.fake_broker import secret
from unit.controller.rig import KEY, Rig
from unit.controller.workers import with_workers
from workqueue_operator.controller.inspecting import (
    LOOK_AT_PODS_EVERY_SECONDS,
    SELDOM_AFTER_SECONDS,
    SELDOM_SECONDS,
)
from workqueue_operator.core.pods import LIMITING_AFTER_SECONDS
from workqueue_operator.ports import Pod

QUOTA = 'pods "thumbnails-x" is forbidden: exceeded quota: small'


def blind(minimum: int) -> dict[str, object]:
    return {"onUnknown": {"afterSeconds": 60, "minWorkers": minimum}}


# --- blindness


def test_a_silent_broker_raises_to_the_blind_floor(rig: Rig) -> None:
    given = with_workers(rig)
    rig.change(given, scaling=blind(8))
    rig.run()
    # When nothing is heard for less than a minute, and then for more
    rig.broker.go_down()
    rig.pass_seconds(55)
    assert rig.deployment().replicas == 5
    rig.pass_seconds(40)
    # Then the blind floor counts, and says so
    assert rig.deployment().replicas == 8
    assert rig.condition(given, "ScalingActive")["reason"] == "UnknownFloor"


def test_a_secret_that_is_gone_is_blindness_as_well(rig: Rig) -> None:
    # Given a queue without workers, and a blind floor
    given = rig.apply({"scaling": blind(2)})
    rig.settle()
    assert rig.deployment().replicas == 0
    # When its Secret vanishes for more than the minute in which it is read again, and a minute
    rig.cluster.secrets.clear()
    rig.pass_seconds(180)
    # Then there are workers, from zero
    assert rig.deployment().replicas == 2
    assert rig.condition(given)["reason"] == "SecretMissing"
    # And they stay until something is known again
    rig.cluster.secrets["shop", "rabbitmq"] = secret()
    rig.pass_seconds(10)
    rig.work(0)
    rig.pass_seconds(100)
    assert rig.deployment().replicas == 0


def test_whoever_never_was_gets_no_workers_blindly(rig: Rig) -> None:
    rig.cluster.secrets.clear()
    rig.apply({"scaling": blind(2)})
    rig.pass_seconds(180)

    assert KEY not in rig.cluster.deployments


# --- schedules


def test_a_window_opens_and_closes_without_a_reading_that_tells(rig: Rig) -> None:
    # Given a floor at the next full hour, for ten minutes
    start = rig.clock.now()
    hour = (start.hour + 1) % 24
    window = {"schedule": f"0 {hour} * * *", "timeZone": "Etc/UTC", "durationSeconds": 600}
    given = rig.apply({"scaling": {"floors": [window | {"name": "peak", "minWorkers": 3}]}})
    rig.settle()
    assert rig.deployment().replicas == 0
    left = 3600 - start.minute * 60 - start.second
    # When it opens
    rig.pass_seconds(left - 1, every=60)
    assert rig.deployment().replicas == 0
    rig.pass_seconds(2)
    # Then the workers are there, and know why
    assert rig.deployment().replicas == 3
    assert "floor peak" in given["status"]["lastDecision"]["message"]
    # And when it has closed they leave
    rig.pods_start()
    rig.broker.queue().consumers = 3
    rig.work(0)
    rig.pass_seconds(600 + 80)
    assert rig.deployment().replicas == 0


# --- limits


def test_a_quota_stops_the_growth_and_says_so(rig: Rig) -> None:
    # Given five workers of which the cluster lets in no more
    given = with_workers(rig)
    rig.broker.queue().ready = 100
    rig.sweep()
    live = replace(rig.deployment(), current=5, ready=5, refused=QUOTA)
    rig.cluster.set_deployment(live, KEY)
    rig.pass_seconds(2 * LOOK_AT_PODS_EVERY_SECONDS + LIMITING_AFTER_SECONDS)
    # When the backlog grows further
    rig.broker.queue().ready = 300
    rig.pass_seconds(5)
    # Then no more are asked for
    assert rig.deployment().replicas == 10
    limited = rig.condition(given, "ScalingLimited")
    assert (limited["status"], limited["reason"]) == ("True", "PodsRefused")
    assert "exceeded quota: small" in limited["message"]
    # And when it lets them in, all that are needed are asked for
    rig.pods_start()
    rig.pass_seconds(10)
    assert rig.deployment().replicas == 30
    assert rig.condition(given, "ScalingLimited")["status"] == "False"


def test_a_node_that_is_just_starting_limits_nothing(rig: Rig) -> None:
    # Given pods that have had no node for some seconds
    with_workers(rig)
    rig.broker.queue().ready = 100
    rig.sweep()
    rig.cluster.set_deployment(replace(rig.deployment(), ready=5, current=10), KEY)
    rig.cluster.pods[KEY] = [unscheduled("a")]
    rig.pass_seconds(LOOK_AT_PODS_EVERY_SECONDS + LIMITING_AFTER_SECONDS / 2)
    # When more are needed
    rig.broker.queue().ready = 200
    rig.sweep()
    # Then they are asked for: that is what makes a cluster grow
    assert rig.deployment().replicas == 20


def unscheduled(name: str) -> Pod:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    raw = {"metadata": {"name": name}, "status": {"conditions": [condition]}}
    return Pod(name=name, uid=name, ip=None, terminating=False, ready=False, raw=raw)


# --- modes


def test_advise_changes_nothing_and_says_what_it_would(rig: Rig) -> None:
    given = rig.apply({"scaling": {"mode": "Advise"}})
    rig.settle()
    rig.broker.queue().ready = 75
    rig.pass_seconds(6)

    assert rig.cluster.replicas == [0]
    assert given["status"]["lastDecision"]["workers"] == 8
    assert given["status"]["lastDecision"]["reason"] == "Advised"
    assert given["status"]["workers"]["desired"] == 0


@pytest.mark.parametrize(("value", "workers"), [("Hold", 0), ("Auto", 8)])
def test_an_annotation_outranks_the_mode_of_the_spec(rig: Rig, value: str, workers: int) -> None:
    rig.apply({"scaling": {"mode": "Hold"}}, annotations={"workqueue.dev/mode": value})
    rig.broker.queue().ready = 75
    rig.settle()

    assert rig.deployment().replicas == workers


# --- limited steps


def test_limited_steps_follow_each_other_without_news(rig: Rig) -> None:
    rig.apply(
        {"scaling": {"scaleUp": {"stabilizationSeconds": 0, "maxStep": 2, "periodSeconds": 5}}}
    )
    rig.broker.queue().ready = 50
    rig.settle()
    rig.pass_seconds(15)

    assert rig.cluster.replicas == [2, 4, 5]


def test_pods_that_never_start_are_looked_at_less_and_less_often(rig: Rig) -> None:
    # Given five workers of which none starts
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 50
    rig.pass_seconds(SELDOM_AFTER_SECONDS)
    looks = rig.cluster.asked.count("list_pods")
    assert looks == SELDOM_AFTER_SECONDS / LOOK_AT_PODS_EVERY_SECONDS - 1
    # When that goes on for ten minutes
    rig.pass_seconds(600)
    # Then it is asked for twice a minute
    assert 0 <= 600 / SELDOM_SECONDS - (rig.cluster.asked.count("list_pods") - looks) <= 1


def test_one_list_of_pods_at_a_time(rig: Rig) -> None:
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 50
    inspecting = rig.controller.stepper.inspecting
    with inspecting._looking:
        rig.pass_seconds(30)
        assert rig.cluster.asked.count("list_pods") == 0
    rig.pass_seconds(LOOK_AT_PODS_EVERY_SECONDS)
    assert rig.cluster.asked.count("list_pods") == 1
