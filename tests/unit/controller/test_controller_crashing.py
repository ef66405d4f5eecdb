"""Workers that crash, or wait for what is missing, told as stories."""

from dataclasses import replace
from typing import Any

import pytest

from unit.controller.rig import KEY, Rig, pod
from workqueue_operator.controller.inspecting import LOOK_AT_PODS_EVERY_SECONDS
from workqueue_operator.core.crashing import FEW
from workqueue_operator.core.pods import LIMITING_AFTER_SECONDS
from workqueue_operator.ports import BusyAnswer, Pod

ALL = 20
GUARDED_WITHIN_SECONDS = 3 * LOOK_AT_PODS_EVERY_SECONDS + LIMITING_AFTER_SECONDS


def crashed(name: str, *, ready: bool = False) -> Pod:
    """It has died of its first task three times; ready: for a moment it is up again."""
    ended = {"terminated": {"exitCode": 139, "reason": "Error", "message": "no such table: t"}}
    state: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff"}}
    if ready:
        state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    found = pod(name, ready=ready)
    worker = {"name": "worker", "image": "x", "restartCount": 3, "lastState": ended, "state": state}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    found.raw["status"].update(containerStatuses=[worker], conditions=conditions)
    return found


def put_pods(rig: Rig, *pods: Pod) -> None:
    """These are all the pods, as a kubelet and the Deployment's controller tell of them."""
    rig.cluster.pods[KEY] = list(pods)
    ready = sum(1 for each in pods if each.ready)
    live = replace(
        rig.deployment(),
        current=len(pods),
        ready=ready,
        updated=len(pods),
        observed_generation=rig.deployment().generation,
    )
    rig.cluster.set_deployment(live, KEY)


def crash_loop(rig: Rig) -> dict[str, Any]:
    """Twenty workers came at once, and all of them die of their first task."""
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 200
    rig.sweep()
    assert rig.deployment().replicas == ALL
    put_pods(rig, *(crashed(f"p{number}") for number in range(ALL)))
    rig.pass_seconds(GUARDED_WITHIN_SECONDS)
    return given


def test_where_all_die_of_their_first_task_a_few_are_kept_and_it_is_told_why(rig: Rig) -> None:
    given = crash_loop(rig)

    assert rig.deployment().replicas == FEW
    degraded = rig.condition(given, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "WorkersCrashing")
    assert "exit code 139 (SIGSEGV)" in degraded["message"]
    assert "its last lines: no such table: t" in degraded["message"]
    assert rig.condition(given, "ScalingLimited")["reason"] == "WorkersCrashing"
    assert "WorkersCrashing" in rig.cluster.reasons()


def test_that_all_are_ready_for_a_moment_ends_nothing(rig: Rig) -> None:
    # Given a few that crash
    given = crash_loop(rig)
    # When all are up at the same time, and nobody has finished a task
    pods = [crashed(f"p{number}", ready=True) for number in range(FEW)]
    put_pods(rig, *pods)
    for each in pods:
        rig.cluster.busy[each.name] = BusyAnswer(busy=1, draining=False, worked=(0, 0.0))
    rig.pass_seconds(2 * LOOK_AT_PODS_EVERY_SECONDS)
    # Then there are not more of them
    assert rig.deployment().replicas == FEW
    assert rig.condition(given, "Degraded")["status"] == "True"


def test_once_one_finishes_a_task_all_that_are_needed_come(rig: Rig) -> None:
    # Given a few that crash
    given = crash_loop(rig)
    # When one of them has finished a task
    put_pods(rig, *(crashed(f"p{number}", ready=True) for number in range(FEW)))
    rig.cluster.busy["p1"] = BusyAnswer(busy=1, draining=False, worked=(1, 0.5))
    rig.pass_seconds(2 * LOOK_AT_PODS_EVERY_SECONDS)
    # Then all come, and it is over
    assert rig.deployment().replicas == ALL
    assert rig.condition(given, "Degraded")["status"] == "False"


def test_an_own_consumer_that_has_been_ready_for_a_minute_works(rig: Rig) -> None:
    # Given images that bring their own consumer: nobody can ask them for tasks
    given = rig.apply({"worker": {"handler": {"own": {}}}})
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 200
    rig.sweep()
    put_pods(rig, *(crashed(f"p{number}") for number in range(ALL)))
    rig.pass_seconds(GUARDED_WITHIN_SECONDS)
    assert rig.deployment().replicas < ALL
    # When one stays up
    long_ago = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    stays = crashed("p0", ready=True)
    stays.raw["status"]["conditions"] = [long_ago]
    put_pods(rig, stays, crashed("p1"), crashed("p2"))
    rig.pass_seconds(2 * LOOK_AT_PODS_EVERY_SECONDS)
    # Then all come, and who still crashes is told of all the same
    assert rig.deployment().replicas == ALL
    assert rig.condition(given, "Degraded")["status"] == "True"
    assert rig.condition(given, "ScalingLimited")["status"] == "False"


def waits_for_a_mount(name: str) -> Pod:
    """A pod whose volumes are not there yet."""
    found = pod(name, ready=False)
    state = {"waiting": {"reason": "ContainerCreating"}}
    found.raw["status"]["containerStatuses"] = [{"name": "worker", "image": "x", "state": state}]
    return found


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"worker": {"brokerSecretName": "few-rights"}}, id="the workers' own"),
        pytest.param({}, id="none but the one that is there"),
    ],
)
def test_a_secret_for_which_pods_wait_is_named(rig: Rig, spec: dict[str, Any]) -> None:
    # Given pods that wait for something without saying for what
    given = rig.apply(spec)
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 20
    rig.sweep()
    put_pods(rig, waits_for_a_mount("p1"), waits_for_a_mount("p2"))
    rig.pass_seconds(2 * LOOK_AT_PODS_EVERY_SECONDS)
    # Then the Secret is named, if it is one that is missing
    told = rig.condition(given, "WorkersAvailable")
    if spec:
        assert (told["status"], told["reason"]) == ("False", "WorkersNotStarting")
        assert "Secret shop/few-rights does not exist" in told["message"]
    else:
        assert told["status"] == "True"


def test_a_restart_of_the_operator_sends_nobody_into_the_same_crash(rig: Rig) -> None:
    # Given a few that crash
    given = crash_loop(rig)
    # When another process takes over
    rig.start()
    rig.run()
    rig.settle()
    rig.pass_seconds(GUARDED_WITHIN_SECONDS)
    # Then there were never more of them
    assert rig.cluster.replicas == [0, ALL, FEW]
    assert rig.condition(given, "Degraded")["status"] == "True"
    # And once one of them works, all that are needed come
    put_pods(rig, *(crashed(f"p{number}", ready=True) for number in range(FEW)))
    rig.cluster.busy["p1"] = BusyAnswer(busy=1, draining=False, worked=(1, 0.5))
    rig.pass_seconds(3 * LOOK_AT_PODS_EVERY_SECONDS)
    assert rig.deployment().replicas == ALL
