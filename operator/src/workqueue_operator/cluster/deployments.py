"""Deployments: apply, read, scale, delete; and the few fields of one that matter."""

from collections.abc import Mapping
from typing import Any

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import APPS, item
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import DeploymentState, Json

VERBS = frozenset(
    {
        ("apps", "deployments", "get"),
        ("apps", "deployments", "create"),  # an apply of what is not there yet
        ("apps", "deployments", "patch"),
        ("apps", "deployments", "delete"),
    }
)

FIELD_MANAGER = "workqueue-operator"
REPLICAS_FIELD_MANAGER = "workqueue-operator-replicas"
"""Of a patch of the replicas alone. The next apply takes the field back by force."""

_GROUP = "workqueue.dev/"


def state_of(deployment: Json) -> DeploymentState:
    """Read the few fields that matter from a whole Deployment."""
    metadata, status = deployment["metadata"], deployment.get("status", {})
    return DeploymentState(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        owner_uid=_owner_uid(metadata),
        replicas=deployment["spec"]["replicas"],
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        current=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        annotations=_ours(metadata.get("annotations", {})),
        refused=_refused(status),
    )


def apply(api: Api, manifest: Json) -> DeploymentState:
    """Server-side apply: create it, or make the fields of the manifest ours."""
    metadata = manifest["metadata"]
    answer = api.request(
        "PATCH",
        item(APPS, metadata["namespace"], "deployments", metadata["name"]),
        query={"fieldManager": FIELD_MANAGER, "force": "true"},
        body=manifest,
        content_type="application/apply-patch+yaml",  # JSON is YAML
        retry_conflict=True,
    )
    return state_of(answer)


def get(api: Api, namespace: str, name: str) -> DeploymentState | None:
    """The Deployment of this name, whoever owns it."""
    try:
        return state_of(api.request("GET", item(APPS, namespace, "deployments", name)))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def patch_replicas(api: Api, live: DeploymentState, replicas: int) -> DeploymentState:
    """Change spec.replicas and nothing else: the pod template stays as it is.

    Cheaper for the API server than an apply. One that took its place meanwhile is refused (422).
    """
    answer = api.request(
        "PATCH",
        item(APPS, live.namespace, "deployments", live.name),
        query={"fieldManager": REPLICAS_FIELD_MANAGER},
        body={"metadata": {"uid": live.uid}, "spec": {"replicas": replicas}},
        content_type="application/merge-patch+json",
    )
    return state_of(answer)


def delete(api: Api, namespace: str, name: str, uid: str) -> None:
    """Delete it, its pods in the background, if it is still the one with this uid."""
    try:
        api.request(
            "DELETE",
            item(APPS, namespace, "deployments", name),
            body={"preconditions": {"uid": uid}, "propagationPolicy": "Background"},
        )
    except ApiError as error:
        if error.status not in {404, 409}:  # gone, or gone and another one has its name
            raise


def _owner_uid(metadata: Mapping[str, Any]) -> str | None:
    """The uid of the WorkQueue of the same name that controls it.

    A copy that somebody made by hand under another name still carries the reference; it is not
    the WorkQueue's Deployment.
    """
    for owner in metadata.get("ownerReferences", ()):
        ours = owner["kind"] == "WorkQueue" and owner["apiVersion"].startswith(_GROUP)
        if ours and owner.get("controller") and owner["name"] == metadata["name"]:
            return str(owner["uid"])
    return None


def _refused(status: Mapping[str, Any]) -> str | None:
    for condition in status.get("conditions", ()):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return str(condition.get("message", "no reason given"))
    return None


def _ours(annotations: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in annotations.items() if name.startswith(_GROUP)}
