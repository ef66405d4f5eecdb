"""What keeps workers from being ready, told from pods as a kubelet writes them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from workqueue_operator.core.pods import diagnose, is_being_made, refused, without_secret

Json = dict[str, Any]

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
EXEC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
    "create failed: unable to start container process: error during container init: exec: "
    '"workqueue-worker": executable file not found in $PATH: unknown'
)


def pod(container: Json | None = None, *, ready: bool = False, **extra: Any) -> Json:
    """A scheduled pod with one worker container, in the state given."""
    usual = {"name": "worker", "image": "shop/app:1", "restartCount": 0, "ready": ready}
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": "True" if ready else "False"},
    ]
    return {
        "metadata": {"name": "mail-7d9f-abcde"} | extra,
        "status": {
            "phase": "Running",
            "conditions": conditions,
            "containerStatuses": [usual | (container or {"state": {"running": {}}})],
        },
    }


def before(container: Json) -> Json:
    """A pod whose worker waits for an init container in this state."""
    made = pod(waiting("PodInitializing"))
    usual = {"name": "fetch", "image": "shop/fetch:1", "restartCount": 0}
    made["status"]["initContainerStatuses"] = [usual | container]
    return made


def waiting(reason: str, message: str = "", **extra: Any) -> Json:
    words = {"message": message} if message else {}
    return {"state": {"waiting": {"reason": reason} | words}} | extra


def ended(code: int, reason: str = "Error", message: str = "") -> Json:
    words = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason} | words}


UNSCHEDULABLE: Json = {
    "metadata": {"name": "mail-7d9f-abcde"},
    "status": {
        "phase": "Pending",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 Insufficient cpu.",
            }
        ],
    },
}
NEW: Json = {"metadata": {"name": "mail-7d9f-abcde"}}
CRASHED = {"state": {"running": {}}, "lastState": ended(1), "restartCount": 7}


@pytest.mark.parametrize(
    ("seen", "reason", "words"),
    [
        pytest.param(
            UNSCHEDULABLE, "WorkersUnschedulable", "3 Insufficient cpu.", id="no node has room"
        ),
        pytest.param(
            pod(waiting("ErrImagePull", "manifest unknown")),
            "ImagePullFailed",
            "pod mail-7d9f-abcde: ErrImagePull: manifest unknown",
            id="no such image",
        ),
        pytest.param(
            pod(
                waiting(
                    "ErrImagePull",
                    'failed to resolve reference "localhost/workqueue-worker:0.1.0": '
                    "localhost/workqueue-worker:0.1.0: not found",
                )
            ),
            "ImagePullFailed",
            "workqueue-worker:0.1.0: not found",
            id="our own image cannot be pulled: that is no image without a runtime",
        ),
        pytest.param(
            pod(waiting("ImagePullBackOff")), "ImagePullFailed", "ImagePullBackOff", id="no words"
        ),
        pytest.param(
            pod(waiting("InvalidImageName", "couldn't parse image name")),
            "ImagePullFailed",
            "couldn't parse",
            id="no name of an image",
        ),
        pytest.param(
            pod(waiting("RunContainerError", EXEC)),
            "WorkerRuntimeMissing",
            "the image shop/app:1 has no workqueue-worker",
            id="an image without the runtime",
        ),
        pytest.param(
            pod(
                waiting("CrashLoopBackOff", "back-off 10s restarting failed container=worker")
                | {"lastState": ended(128, "StartError", EXEC), "restartCount": 1}
            ),
            "WorkerRuntimeMissing",
            "handler: {own: {}}",
            id="the same, a little later",
        ),
        pytest.param(
            pod(waiting("CreateContainerConfigError", 'secret "a" not found')),
            "WorkersNotStarting",
            'secret "a" not found',
            id="what the pod refers to is missing",
        ),
        pytest.param(
            pod(
                waiting("CrashLoopBackOff")
                | {"lastState": ended(137, "OOMKilled"), "restartCount": 4}
            ),
            "WorkersCrashing",
            "ends with exit code 137 (OOMKilled), restarted 4 times: see kubectl logs --previous",
            id="too little memory",
        ),
        pytest.param(
            pod({"state": ended(1), "restartCount": 3}),
            "WorkersCrashing",
            "exit code 1 (Error), restarted 3 times",
            id="it has just ended again",
        ),
        pytest.param(pod(CRASHED), "WorkersCrashing", "restarted 7 times", id="it runs, for now"),
        pytest.param(
            pod(waiting("CrashLoopBackOff")), "WorkersCrashing", "exit code unknown", id="no story"
        ),
        pytest.param(
            pod(waiting("ErrImagePull", "manifest unknown") | {"name": "sidecar"}),
            "ImagePullFailed",
            "pod mail-7d9f-abcde, container sidecar: ErrImagePull: manifest unknown",
            id="a container beside ours, without which the pod is never ready",
        ),
        pytest.param(
            before(waiting("CrashLoopBackOff") | {"lastState": ended(2), "restartCount": 3}),
            "WorkersCrashing",
            "container fetch ends with exit code 2 (Error), restarted 3 times: see kubectl logs "
            "--previous mail-7d9f-abcde -c fetch",
            id="a container before ours",
        ),
        pytest.param(
            pod({"state": {"running": {"startedAt": "2026-01-01T11:58:30Z"}}}),
            "WorkersNotReady",
            "pod mail-7d9f-abcde has run for 60 s or more and is not ready",
            id="it runs and runs",
        ),
    ],
)
def test_trouble_has_a_name_and_a_way_out(seen: Json, reason: str, words: str) -> None:
    trouble = diagnose([seen], now=NOW)

    assert trouble is not None
    assert trouble.reason == reason
    assert words in trouble.message


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(NEW, id="just created"),
        pytest.param(pod(waiting("ContainerCreating")), id="starting"),
        pytest.param(pod(), id="runs, and is not ready yet"),
        pytest.param(pod({"state": ended(1), "restartCount": 0}), id="failed for the first time"),
        pytest.param(pod(CRASHED, ready=True), id="ready, whatever happened last week"),
        pytest.param(
            pod(CRASHED, deletionTimestamp="2026-01-01T00:00:00Z"), id="it leaves, and is let go"
        ),
        pytest.param(
            before({"state": ended(0, "Completed")}), id="what comes before the worker is done"
        ),
        pytest.param(
            pod({"state": {"running": {"startedAt": "2026-01-01T11:59:30Z"}}}),
            id="it may still become ready",
        ),
    ],
)
def test_no_trouble(seen: Json) -> None:
    assert diagnose([seen], now=NOW) is None


def test_the_first_trouble_is_told_and_a_healthy_pod_hides_none() -> None:
    seen = [pod(CRASHED, ready=True), pod(), UNSCHEDULABLE, pod(waiting("ErrImagePull"))]

    trouble = diagnose(seen, now=NOW)

    assert trouble is not None
    assert trouble.reason == "WorkersUnschedulable"


def test_where_others_are_ready_a_slow_worker_keeps_nobody_from_coming() -> None:
    slow = pod({"state": {"running": {"startedAt": "2026-01-01T11:50:00Z"}}})
    alone, beside = (diagnose(pods, now=NOW) for pods in ([slow, slow], [pod(ready=True), slow]))

    assert alone is not None
    assert (alone.few, alone.limits) == (2, True)
    assert beside is not None
    assert (beside.few, beside.limits) == (None, False)


def test_no_pods_no_trouble() -> None:
    assert diagnose([], now=NOW) is None


def test_a_quota_is_told_with_the_ways_out() -> None:
    trouble = refused("pods is forbidden: exceeded quota: small, requested: pods=1, used: pods=5")

    assert trouble.reason == "PodsRefused"
    assert "exceeded quota: small" in trouble.message
    assert "Raise the quota" in trouble.message


def test_a_pod_that_waits_for_its_mounts_says_no_more_than_that() -> None:
    waits = pod(waiting("ContainerCreating"))

    assert is_being_made([pod(ready=True), waits])
    assert not is_being_made([pod(ready=True), pod(waiting("CrashLoopBackOff"))])
    assert without_secret("Secret a does not exist").message.endswith("Secret a does not exist")
