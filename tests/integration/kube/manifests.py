"""Deployments as the operator renders them, as far as these tests care."""

from typing import Any


def owned_by(workqueue: dict[str, Any]) -> dict[str, Any]:
    """The reference that makes a Deployment the WorkQueue's."""
    return {
        "apiVersion": workqueue["apiVersion"],
        "kind": workqueue["kind"],
        "name": workqueue["metadata"]["name"],
        "uid": workqueue["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": False,
    }


def deployment(
    namespace: str,
    *,
    name: str = "mail",
    replicas: int = 0,
    image: str = "localhost/none:1",
    owner: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A Deployment whose pods never come up: the image does not exist."""
    labels = {"workqueue.dev/name": name, "app.kubernetes.io/managed-by": "workqueue-operator"}
    container = {
        "name": "worker",
        "image": image,
        "imagePullPolicy": "Never",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": labels,
            "annotations": {"workqueue.dev/rendering": "r1", "example.com/other": "x"},
            "ownerReferences": [] if owner is None else [owned_by(owner)],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"workqueue.dev/name": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
