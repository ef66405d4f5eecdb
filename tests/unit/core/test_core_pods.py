"""What keeps workers from being ready, told from pods as a kubelet writes them."""

from typing import Any

import pytest

from workqueue_operator.core.pods import diagnose, refused

Json = dict[str, Any]

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
    ],
)
def test_trouble_has_a_name_and_a_way_out(seen: Json, reason: str, words: str) -> None:
    trouble = diagnose([seen])

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
        pytest.param(pod(waiting("ErrImagePull") | {"name": "sidecar"}), id="not our container"),
    ],
)
def test_no_trouble(seen: Json) -> None:
    assert diagnose([seen]) is None


def test_the_first_trouble_is_told_and_a_healthy_pod_hides_none() -> None:
    seen = [pod(CRASHED, ready=True), pod(), UNSCHEDULABLE, pod(waiting("ErrImagePull"))]

    trouble = diagnose(seen)

    assert trouble is not None
    assert trouble.reason == "WorkersUnschedulable"


def test_no_pods_no_trouble() -> None:
    assert diagnose([]) is None


def test_a_quota_is_told_with_the_ways_out() -> None:
    trouble = refused("pods is forbidden: exceeded quota: small, requested: pods=1, used: pods=5")

    assert trouble.reason == "PodsRefused"
    assert "exceeded quota: small" in trouble.message
    assert "Raise the quota" in trouble.message
