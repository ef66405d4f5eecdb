"""One step: what each trouble looks like, when it is tried again, and when workers are asked."""

import pytest

from unit.controller.fake_cluster import CONFLICT
from unit.controller.rig import KEY, Rig, pod
from unit.controller.workers import with_workers
from workqueue_operator.core.errors import (
    ApiError,
    BrokerDegradedError,
    InvalidQueueError,
    SecretError,
)

AWAY = ApiError(503, "the API server is away")


@pytest.mark.parametrize(
    ("method", "error"),
    [
        pytest.param("read_secret", ApiError(500, "etcd"), id="the Secret cannot be read"),
        pytest.param("read_secret", SecretError("not base64"), id="the Secret is unreadable"),
        pytest.param("apply_deployment", ApiError(403, "quota"), id="the Deployment is refused"),
        pytest.param("get_deployment", AWAY, id="the Deployment cannot be looked for"),
    ],
)
def test_trouble_with_the_api_is_told_and_ends(
    method: str, error: ApiError | SecretError, rig: Rig
) -> None:
    # Given an API server that refuses one thing
    rig.cluster.failures[method] = error
    given = rig.apply()
    rig.run()
    rig.settle()
    ready = rig.condition(given)
    assert (ready["status"], ready["reason"]) == ("False", error.reason)
    assert str(error) in ready["message"]
    assert rig.cluster.reasons().count(error.reason) == 1
    # When it gives in, all is well within the longest pause
    rig.cluster.failures.clear()
    rig.pass_seconds(31)
    assert rig.condition(given)["status"] == "True"


@pytest.mark.parametrize(
    "error",
    [BrokerDegradedError("no majority"), InvalidQueueError("x-delivery-limit is too much")],
    ids=["a degraded broker", "arguments that it does not take"],
)
def test_trouble_with_the_queue_is_told_and_ends(
    error: BrokerDegradedError | InvalidQueueError, rig: Rig
) -> None:
    rig.broker.refusals["thumbnails"] = error
    given = rig.apply()
    rig.run()
    rig.settle()
    assert rig.condition(given, "QueueReady")["reason"] == error.reason
    rig.broker.refusals.clear()
    rig.pass_seconds(31)
    assert rig.condition(given, "QueueReady")["status"] == "True"


def test_pauses_between_tries_grow_to_half_a_minute(rig: Rig) -> None:
    del rig.cluster.secrets["shop", "rabbitmq"]
    rig.apply()
    rig.run()
    pauses = []
    for _ in range(8):
        pause = rig.pending.left()["uid-1"]
        pauses.append(round(pause))
        rig.quiet_seconds(pause)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_an_api_server_that_asks_for_patience_gets_it(rig: Rig) -> None:
    with_workers(rig)
    rig.cluster.failures["patch_replicas"] = ApiError(429, "too many", retry_after_seconds=20)
    rig.pods_start()
    rig.settle()
    rig.cluster.asked.clear()
    rig.broker.queue().ready = 190
    rig.pass_seconds(15)
    assert rig.cluster.asked.count("patch_replicas") == 1
    rig.cluster.failures.clear()
    rig.pass_seconds(6)
    assert rig.deployment().replicas == 19


def test_after_a_success_the_pauses_begin_anew(rig: Rig) -> None:
    with_workers(rig)
    rig.cluster.failures["apply_deployment"] = AWAY
    rig.broker.queue().ready = 190
    rig.pass_seconds(60)
    rig.cluster.failures.clear()
    rig.pass_seconds(31)
    assert rig.state().failures == 0


def test_a_conflict_over_the_finalizer_is_no_trouble_of_the_users(rig: Rig) -> None:
    # Given somebody who writes the object at the same time
    rig.cluster.failures["patch_workqueue"] = CONFLICT
    given = rig.apply({"queue": {"deletionPolicy": "Delete"}})
    rig.run()
    assert "status" not in given
    assert rig.cluster.events == []
    # Then a second later all goes on
    rig.cluster.failures.clear()
    rig.pass_seconds(2)
    rig.settle()
    assert rig.condition(given)["status"] == "True"


def test_a_status_that_cannot_be_written_tells_no_event_twice(rig: Rig) -> None:
    # Given a trouble, and an API server that takes events but no status
    rig.cluster.failures["patch_status"] = AWAY
    rig.broker.go_down()
    rig.apply()
    rig.run()
    rig.pass_seconds(120)
    # Then the trouble is told once, and the status tried less and less
    assert rig.cluster.reasons() == ["BrokerUnreachable"]
    assert rig.cluster.asked.count("patch_status") <= 10


def test_the_number_is_written_even_where_the_pods_cannot_be_listed(rig: Rig) -> None:
    # Given workers that may still drain, so that the rest must be asked before growing
    given = with_workers(rig)
    rig.broker.queue().ready = 0
    rig.work(0)
    rig.pass_seconds(80)
    assert rig.deployment().replicas == 0
    rig.cluster.failures["list_pods"] = AWAY
    # When tasks come, some of them in work
    rig.broker.queue().ready, rig.broker.queue().unacked = 50, 5
    rig.sweep()
    # Then what is sure is done
    assert rig.deployment().replicas == 5
    assert rig.condition(given, "WorkersAvailable")["reason"] in {"KubernetesApi", "Starting"}


def test_a_broker_outage_of_three_windows_removes_nobody(rig: Rig) -> None:
    given = with_workers(rig)
    rig.broker.go_down()
    rig.pass_seconds(180)
    assert rig.deployment().replicas == 5
    ready = rig.condition(given)
    assert ready["reason"] == "BrokerUnreachable"
    assert "5 workers are held" in ready["message"]
    assert rig.cluster.reasons().count("BrokerUnreachable") == 1
    rig.broker.down = None
    rig.settle()
    assert rig.cluster.reasons()[-1] == "Recovered"
    assert rig.cluster.replicas == [0, 5]


def test_pods_that_do_not_become_ready_are_looked_at_after_a_while(rig: Rig) -> None:
    # Given workers that have been asked for
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready = 50
    rig.cluster.asked.clear()
    rig.sweep()
    # Then nobody looks at their pods in the same breath: a thousand may have been
    assert "list_pods" not in rig.cluster.asked
    # When they cannot start for some seconds, it is told why
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    container = {"name": "worker", "image": "registry.example/x", "state": {"waiting": waiting}}
    stuck = pod("thumbnails-0", phase="Pending")
    stuck.raw["status"]["containerStatuses"] = [container]
    rig.cluster.pods[KEY] = [stuck]
    rig.pass_seconds(12)
    assert rig.condition(given)["reason"] == "ImagePullFailed"
    # And when they start after all, that they have
    rig.pods_start()
    rig.pass_seconds(2)
    assert rig.cluster.reasons()[-2:] == ["ImagePullFailed", "Recovered"]
