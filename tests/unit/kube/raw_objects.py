"""Kubernetes objects as the API server sends them."""

from typing import Any

OWNER_UID = "uid-of-the-workqueue"


def owner_reference(**changes: Any) -> dict[str, Any]:
    """The reference that the operator puts on a Deployment."""
    return {
        "apiVersion": "workqueue.dev/v1alpha1",
        "kind": "WorkQueue",
        "name": "mail",
        "uid": OWNER_UID,
        "controller": True,
        **changes,
    }


def deployment(
    *, name: str = "mail", uid: str = "d1", owner: dict[str, Any] | None = None, replicas: int = 3
) -> dict[str, Any]:
    """A Deployment with a status, as a list or a watch has it."""
    return {
        "metadata": {
            "namespace": "team",
            "name": name,
            "uid": uid,
            "generation": 4,
            "resourceVersion": "17",
            "annotations": {"workqueue.dev/spec-hash": "abc", "example.com/theirs": "x"},
            "ownerReferences": [] if owner is None else [owner],
            "managedFields": [{"manager": "someone"}],
        },
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": 3,
            "replicas": 2,
            "readyReplicas": 1,
            "updatedReplicas": 2,
        },
    }


def pod(*, ip: str | None = "10.0.0.7", name: str = "mail-1", **status: Any) -> dict[str, Any]:
    """A running Pod that is ready."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "status": {**ready, **({} if ip is None else {"podIP": ip}), **status},
    }
