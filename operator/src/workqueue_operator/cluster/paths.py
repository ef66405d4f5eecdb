"""Paths of the REST API. Pure."""

from urllib.parse import quote

from workqueue_operator.core.errors import ApiError

CORE = "/api/v1"
APPS = "/apis/apps/v1"
WORKQUEUES = "/apis/workqueue.dev/v1alpha1"


def collection(root: str, namespace: str | None, plural: str) -> str:
    """All objects of a kind, in one namespace or (None) in the cluster."""
    where = "" if namespace is None else f"/namespaces/{_segment(namespace)}"
    return f"{root}{where}/{plural}"


def item(root: str, namespace: str, plural: str, name: str) -> str:
    """One object of a kind."""
    return f"{collection(root, namespace, plural)}/{_segment(name)}"


def _segment(name: str) -> str:
    """One name as one segment, whatever a user wrote: `../pods` must not become another path."""
    if name in {"", ".", ".."}:
        raise ApiError(404, f"no object can have the name {name!r}")
    return quote(name, safe="")
