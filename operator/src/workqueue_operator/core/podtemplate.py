"""The user's podTemplate over ours: maps merge, lists merge by their key, the rest replaces."""

from collections.abc import Mapping, Sequence
from typing import Any

from workqueue_operator.core.errors import InvalidSpecError, PodTemplateRefusedError
from workqueue_operator.core.victims import COST

CONTAINER = "worker"
SERVER = "server"
"""The user's own server, an init container that stays (handler http)."""
ENV_PREFIX = "WORKQUEUE_"
BROKER_VOLUME = "workqueue-broker"
BROKER_DIR = "/var/run/workqueue/broker"
TLS_VOLUME = "workqueue-tls"
TLS_DIR = "/etc/workqueue/tls"
PROBE_PORT = 9400
PROBE_PORT_NAME = "probes"

Items = Sequence[Mapping[str, Any]]

_OWNED_LABEL_PREFIX = "workqueue.dev/"
_OWNED_LABELS = frozenset({"app.kubernetes.io/name", "app.kubernetes.io/managed-by"})

# As Kubernetes merges them: a volume may be mounted twice, and a port needs no name.
_LIST_KEYS = {"volumeMounts": "mountPath", "ports": "containerPort"}
# Two sources for one volume would be refused, so theirs takes the place of ours.
_WHOLE_ITEMS = frozenset({"volumes"})


def merge(ours: Any, theirs: Any) -> Any:
    """Put `theirs` over `ours`. Lists merge by their items' key, in our order."""
    if not (isinstance(ours, Mapping) and isinstance(theirs, Mapping)):
        return theirs
    both = {key: _merge_field(key, ours[key], theirs[key]) for key in ours.keys() & theirs.keys()}
    return {**ours, **theirs, **both}


def check(template: Mapping[str, Any], *, own_consumer: bool) -> None:
    """Refuse what the operator needs for itself.

    Raises:
        PodTemplateRefusedError: names the path, and what to use instead.
        InvalidSpecError: something is not of the shape that a pod template has.
    """
    metadata = _mapping(template, "metadata")
    _check_labels(_mapping(metadata, "labels", "metadata."))
    if COST in _mapping(metadata, "annotations", "metadata."):
        instead = "before a step down the operator gives it to idle workers"
        raise PodTemplateRefusedError(f"metadata.annotations[{COST}]", instead)
    spec = _mapping(template, "spec")
    for key, instead in _OWNED_POD_FIELDS.items():
        if key in spec:
            raise PodTemplateRefusedError(f"spec.{key}", instead)
    for volume in _items(spec, "volumes", "spec."):
        if volume["name"] in _MOUNTS:
            raise PodTemplateRefusedError(f"spec.volumes[{volume['name']}]", "choose another name")
    for container in _items(spec, "containers", "spec."):
        if container["name"] == CONTAINER:
            _check_container(container, own_consumer=own_consumer)


def check_server(template: Mapping[str, Any]) -> None:
    """Refuse what the operator needs of the server beside the worker (handler http).

    Raises:
        PodTemplateRefusedError: names the path, and what to use instead.
        InvalidSpecError: something is not of the shape that a pod template has.
    """
    spec = _mapping(template, "spec")
    for container in _items(spec, "containers", "spec."):
        if container["name"] == SERVER:
            raise PodTemplateRefusedError(
                f"spec.containers[{SERVER}]",
                f"it starts before the worker, as spec.initContainers[{SERVER}]",
            )
    for container in _items(spec, "initContainers", "spec."):
        owned = _OWNED_SERVER_FIELDS.items() if container["name"] == SERVER else ()
        for key, instead in owned:
            if key in container:
                raise PodTemplateRefusedError(f"spec.initContainers[{SERVER}].{key}", instead)


_OWNED_SERVER_FIELDS = {"image": "use spec.worker.image", "restartPolicy": "it always restarts"}

_MOUNTS = {BROKER_VOLUME: BROKER_DIR, TLS_VOLUME: TLS_DIR}

_OWNED_POD_FIELDS = {
    "restartPolicy": "workers always restart",
    "terminationGracePeriodSeconds": "it follows from spec.worker.taskTimeoutSeconds",
}

_OWNED_CONTAINER_FIELDS = {"image": "use spec.worker.image"}

_OWNED_RUNTIME_FIELDS = {
    "command": "use spec.worker.handler",
    "args": "use spec.worker.handler",
    "livenessProbe": "the worker runtime brings it",
    "readinessProbe": "the worker runtime brings it",
}

_PATH = f"spec.containers[{CONTAINER}]."


def _check_labels(labels: Mapping[str, Any]) -> None:
    for key in labels:
        if key.startswith(_OWNED_LABEL_PREFIX) or key in _OWNED_LABELS:
            raise PodTemplateRefusedError(f"metadata.labels[{key}]", "choose another label")


def _check_container(container: Mapping[str, Any], *, own_consumer: bool) -> None:
    owned = _OWNED_CONTAINER_FIELDS | ({} if own_consumer else _OWNED_RUNTIME_FIELDS)
    for key, instead in owned.items():
        if key in container:
            raise PodTemplateRefusedError(f"{_PATH}{key}", instead)
    for variable in _items(container, "env", _PATH):
        if variable["name"].startswith(ENV_PREFIX):
            path = f"{_PATH}env[{variable['name']}]"
            raise PodTemplateRefusedError(path, f"names with {ENV_PREFIX} are the operator's")
    _check_mounts(_items(container, "volumeMounts", _PATH))
    ports = _items(container, "ports", _PATH)
    if not own_consumer:
        _check_ports(ports)


def _check_mounts(mounts: Items) -> None:
    for mount in mounts:
        path = mount["mountPath"]
        if mount.get("name") in _MOUNTS:
            raise PodTemplateRefusedError(
                f"{_PATH}volumeMounts[{mount['name']}]", "choose another volume"
            )
        if path.rstrip("/") in _MOUNTS.values():
            raise PodTemplateRefusedError(f"{_PATH}volumeMounts[{path}]", "choose another path")


def _check_ports(ports: Items) -> None:
    for port in ports:
        if port["containerPort"] == PROBE_PORT or port.get("name") == PROBE_PORT_NAME:
            path = f"{_PATH}ports[{port.get('name', PROBE_PORT)}]"
            raise PodTemplateRefusedError(path, "choose another number and name")


def _mapping(parent: Mapping[str, Any], key: str, path: str = "") -> Mapping[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, Mapping):
        raise InvalidSpecError(f"worker.podTemplate.{path}{key}", "must be a map, as in a Pod")
    return value


def _items(parent: Mapping[str, Any], key: str, path: str) -> Items:
    """A list whose items all have the key by which they merge."""
    value, by = parent.get(key, []), _LIST_KEYS.get(key, "name")
    if not isinstance(value, list) or not all(_has_key(item, by) for item in value):
        problem = f"must be a list of maps, each with {by}, as in a Pod"
        raise InvalidSpecError(f"worker.podTemplate.{path}{key}", problem)
    return value


def _has_key(item: object, by: str) -> bool:
    kind = int if by == "containerPort" else str
    return isinstance(item, Mapping) and isinstance(item.get(by), kind)


def _merge_field(field: str, ours: Any, theirs: Any) -> Any:
    by = _LIST_KEYS.get(field, "name")
    if _is_keyed(ours, by) and _is_keyed(theirs, by):
        return _merge_items(ours, theirs, by, whole=field in _WHOLE_ITEMS)
    return merge(ours, theirs)


def _is_keyed(value: object, by: str) -> bool:
    return isinstance(value, list) and all(_has_key(item, by) for item in value)


def _merge_items(ours: Items, theirs: Items, by: str, *, whole: bool) -> list[Any]:
    merged = {item[by]: item for item in ours}
    added = []
    for item in theirs:
        if item[by] not in merged:
            added.append(item)
        else:
            merged[item[by]] = item if whole else merge(merged[item[by]], item)
    return [*merged.values(), *added]
