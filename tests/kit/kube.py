"""Objects on a real cluster, as plain JSON."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection, connect
from workqueue_operator.core.errors import ApiError

T = TypeVar("T")
Json = dict[str, Any]

_PLACES = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": ("/api/v1", "events"),
    "Job": ("/apis/batch/v1", "jobs"),
    "Pod": ("/api/v1", "pods"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "WorkQueue": ("/apis/workqueue.dev/v1alpha1", "workqueues"),
}


class TooLateError(AssertionError):
    """What a story waited for did not come about."""


@dataclass(frozen=True, slots=True)
class Kube:
    """One namespace of a cluster."""

    api: Api
    namespace: str
    connection: Connection

    @classmethod
    def open(cls, kubeconfig: Path, namespace: str) -> "Kube":
        """Connect with the current context of this file."""
        connection = connect(str(kubeconfig))
        return cls(Api(connection), namespace, connection)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Server-side apply, as a person would, into this namespace."""
        for each in objects:
            meta = {**each["metadata"], "namespace": self.namespace}
            self.api.request(
                "PATCH",
                self._path(each["kind"], each["metadata"]["name"]),
                query={"fieldManager": "story", "force": "true"},
                body={**each, "metadata": meta},
                content_type="application/apply-patch+yaml",
            )

    def get(self, kind: str, name: str) -> Json | None:
        """The object, or None."""
        try:
            return dict(self.api.request("GET", self._path(kind, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def need(self, kind: str, name: str) -> Json:
        """The object, which is there."""
        found = self.get(kind, name)
        if found is None:
            raise AssertionError(f"there is no {kind} {self.namespace}/{name}")
        return found

    def list(self, kind: str, **query: str) -> Sequence[Json]:
        """All of a kind; query as labelSelector="a=b"."""
        items: Sequence[Json] = self.api.request("GET", self._path(kind), query=query)["items"]
        return items

    def patch(self, kind: str, name: str, change: Mapping[str, Any], part: str = "") -> None:
        """Merge-patch the object, or its subresource `part`."""
        path = self._path(kind, name) + (f"/{part}" if part else "")
        content_type = "application/merge-patch+json"
        self.api.request("PATCH", path, body=change, content_type=content_type)

    def delete(self, kind: str, name: str, *, grace_seconds: int | None = None) -> None:
        """Delete it, in the background; absent is fine."""
        body: Json = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        try:
            self.api.request("DELETE", self._path(kind, name), body=body)
        except ApiError as error:
            if error.status != 404:
                raise

    def delete_namespace(self) -> None:
        """Delete the whole namespace, in the background."""
        self.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}")

    def exists(self) -> bool:
        """Whether the namespace is there, if only to be deleted."""
        try:
            self.api.request("GET", f"/api/v1/namespaces/{self.namespace}")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def proxy(self, service: str, port: int, path: str) -> Json:
        """GET JSON from a Service, through the API server: works from outside any cluster."""
        place = self._path("Service", f"{service}:{port}")
        return dict(self.api.request("GET", f"{place}/proxy/{path}"))

    def pod_text(self, pod: str, port: int, path: str) -> str:
        """GET text from a pod, through the API server."""
        return self._text(f"{self._path('Pod', f'{pod}:{port}')}/proxy/{path}")

    def log(self, pod: str) -> str:
        """All that the pod's container has printed."""
        return self._text(f"{self._path('Pod', pod)}/log")

    def events(self, about: str, *reasons: str) -> Sequence[Json]:
        """Events on one object, oldest first; of these reasons, if any are given."""
        found = self.list("Event", fieldSelector=f"involvedObject.name={about}")
        wanted = [each for each in found if not reasons or each["reason"] in reasons]
        return sorted(wanted, key=lambda each: int(each["metadata"]["resourceVersion"]))

    def _text(self, path: str) -> str:
        token = self.connection.authorization()
        headers = {"Authorization": token} if token else {}
        url = f"{self.connection.server}{path}"
        answer = self.connection.pool(1).request("GET", url, headers=headers, timeout=10.0)
        if answer.status != 200:
            raise ApiError(answer.status, f"GET {path}")
        return answer.data.decode()

    def _path(self, kind: str, name: str = "") -> str:
        prefix, plural = _PLACES[kind]
        return f"{prefix}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")


def wait_for(what: str, look: Callable[[], T | None], *, seconds: float, every: float = 0.2) -> T:
    """Look until there is something true, and return it.

    seconds: what it takes at the most on a machine with nothing else to do; a busy one gets more.

    Raises:
        TooLateError: names what was waited for.
    """
    deadline = time.monotonic() + patient(seconds)
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise TooLateError(f"waited {seconds:.0f} s for {what}; last seen: {found!r}")
        time.sleep(every)


def patient(seconds: float) -> float:
    """How long to wait for what usually takes so long: a test is no benchmark."""
    return seconds + min(2 * seconds, 30.0)


def condition(body: Mapping[str, Any] | None, kind: str = "Ready") -> Json:
    """One condition of an object, or an empty one."""
    found = (body or {}).get("status", {}).get("conditions", ())
    return next((each for each in found if each["type"] == kind), {})
