"""From the name of a Service to a pod behind it, as the cluster's own DNS and proxy would."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.cli.errors import NotReachedError
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import CORE, collection, item
from workqueue_operator.core.errors import ApiError

SLICES = "/apis/discovery.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class PodPort:
    """Where a forwarded port ends."""

    namespace: str
    pod: str
    port: int

    def __str__(self) -> str:
        return f"pod {self.namespace}/{self.pod}, port {self.port}"


def pod_behind(api: Api, host: str, port: int, *, namespace: str) -> PodPort | None:
    """A ready pod that answers for this host and port; None: the cluster has no such Service.

    Raises:
        NotReachedError: there is one, and no pod of it is ready; or we may not look.
    """
    labels = host.rstrip(".").split(".")
    if len(labels) > 3 and labels[3] == "svc":  # a pod of a StatefulSet, by its own name
        return PodPort(labels[2], labels[0], port)
    if len(labels) > 2 and labels[2] != "svc":
        return None
    name, where = labels[0], labels[1] if len(labels) > 1 else namespace
    service = _service(api, where, name)
    return None if service is None else _ready_pod(api, where, name, _port_name(service, port))


def _service(api: Api, namespace: str, name: str) -> Mapping[str, Any] | None:
    try:
        return api.request("GET", item(CORE, namespace, "services", name))
    except ApiError as error:
        if error.status == 404:
            return None
        raise NotReachedError(
            f"the broker's Service {namespace}/{name} cannot be looked up: {error}. A port-forward "
            f"needs the rights to get services, to list endpointslices and to create "
            f"pods/portforward in its namespace; --direct goes without, where the broker can be "
            f"reached from here"
        ) from error


def _port_name(service: Mapping[str, Any], port: int) -> str | None:
    """The name that ports have in a Service and its EndpointSlices alike; None: they have none."""
    ports: Sequence[Mapping[str, Any]] = service["spec"].get("ports") or ()
    return next((each.get("name") for each in ports if each["port"] == port), None)


def _ready_pod(api: Api, namespace: str, name: str, port_name: str | None) -> PodPort:
    query = {"labelSelector": f"kubernetes.io/service-name={name}"}
    try:
        slices = api.request("GET", collection(SLICES, namespace, "endpointslices"), query=query)
    except ApiError as error:
        raise NotReachedError(
            f"the pods behind Service {namespace}/{name} cannot be looked up: {error}. Ask for the "
            f"right to list endpointslices there, or use --direct"
        ) from error
    found = next((PodPort(namespace, *one) for one in _pods(slices["items"], port_name)), None)
    if found is None:
        raise NotReachedError(
            f"no pod behind Service {namespace}/{name} is ready: see `kubectl -n {namespace} get "
            f"endpointslices -l kubernetes.io/service-name={name}`. Where the broker is no pod of "
            f"this cluster, use --direct"
        )
    return found


def _pods(slices: Sequence[Mapping[str, Any]], port_name: str | None) -> Iterator[tuple[str, int]]:
    """Pods that are ready, and the port that they listen on."""
    for each in slices:
        ports = each.get("ports") or ()
        numbers = [one["port"] for one in ports if (one.get("name") or None) == port_name]
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            ready = (endpoint.get("conditions") or {}).get("ready") is not False
            if ready and numbers and target.get("kind") == "Pod":
                yield target["name"], numbers[0]
