"""WorkQueues: finalizers, status, and which of them exist."""

from collections.abc import Iterator, Mapping, Sequence

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import WORKQUEUES, collection, item
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import Json

VERBS = frozenset(
    {
        ("workqueue.dev", "workqueues", "list"),
        ("workqueue.dev", "workqueues", "patch"),
        ("workqueue.dev", "workqueues/status", "patch"),
    }
)

_MERGE_PATCH = "application/merge-patch+json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def is_served(api: Api) -> bool:
    """Whether the API server has the kind. Everybody may ask that.

    Raises:
        ApiError: the API server did not answer.
    """
    try:
        kinds = api.request("GET", WORKQUEUES)["resources"]
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return any(kind["name"] == "workqueues" for kind in kinds)


def patch(api: Api, namespace: str, name: str, change: Json) -> None:
    """Merge-patch the object; absent is fine.

    Raises:
        ApiError: (409) the patch names a resourceVersion that is not the newest.
    """
    _patch(api, item(WORKQUEUES, namespace, "workqueues", name), change, retry_conflict=False)


def patch_status(api: Api, namespace: str, name: str, status: Json) -> None:
    """Merge-patch what is below `status`; absent is fine."""
    path = f"{item(WORKQUEUES, namespace, 'workqueues', name)}/status"
    _patch(api, path, {"status": status}, retry_conflict=True)


def resource_versions(api: Api, namespaces: Sequence[str]) -> Mapping[str, str]:
    """uid -> resourceVersion of every WorkQueue, without reading their specs."""
    return {each["uid"]: each["resourceVersion"] for each in _metadata(api, namespaces)}


def full_names(api: Api, namespaces: Sequence[str]) -> Sequence[str]:
    """namespace/name of every WorkQueue, sorted."""
    return sorted(f"{each['namespace']}/{each['name']}" for each in _metadata(api, namespaces))


def _metadata(api: Api, namespaces: Sequence[str]) -> Iterator[Json]:
    for namespace in namespaces or (None,):
        path = collection(WORKQUEUES, namespace, "workqueues")
        for page in api.pages(path, {}, accept=_METADATA_ONLY):
            for each in page["items"] or ():  # null while the kind is being taken away
                yield each["metadata"]


def _patch(api: Api, path: str, body: Json, *, retry_conflict: bool) -> None:
    try:
        api.request(
            "PATCH", path, body=body, content_type=_MERGE_PATCH, retry_conflict=retry_conflict
        )
    except ApiError as error:
        if error.status != 404:
            raise
