"""The user's podTemplate over ours: maps merge, named lists merge by name, the rest replaces."""

from collections.abc import Mapping, Sequence
from typing import Any

from workqueue_operator.core.errors import PodTemplateRefusedError

CONTAINER = "worker"
ENV_PREFIX = "WORKQUEUE_"
BROKER_VOLUME = "workqueue-broker"

_OWNED_LABELS = (
    "workqueue.dev/",
    "app.kubernetes.io/name",
    "app.kubernetes.io/managed-by",
)


def merge(ours: Any, theirs: Any) -> Any:
    """Put `theirs` over `ours`. Lists whose items all have a name merge by it, in our order."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        both = {key: merge(ours[key], theirs[key]) for key in ours.keys() & theirs.keys()}
        return {**ours, **theirs, **both}
    if _is_named(ours) and _is_named(theirs):
        return _merge_named(ours, theirs)
    return theirs


def check(template: Mapping[str, Any], *, own_consumer: bool) -> None:
    """Refuse what the operator needs for itself.

    Raises:
        PodTemplateRefusedError: names the path, and what to use instead.
    """
    _check_labels(template.get("metadata", {}).get("labels", {}))
    spec = template.get("spec", {})
    for key, instead in _OWNED_POD_FIELDS.items():
        if key in spec:
            raise PodTemplateRefusedError(f"spec.{key}", instead)
    for volume in spec.get("volumes", ()):
        if volume.get("name") == BROKER_VOLUME:
            raise PodTemplateRefusedError(f"spec.volumes[{BROKER_VOLUME}]", "choose another name")
    for container in spec.get("containers", ()):
        if container.get("name") == CONTAINER:
            _check_container(container, own_consumer=own_consumer)


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


def _check_labels(labels: Mapping[str, Any]) -> None:
    for key in labels:
        if key.startswith(_OWNED_LABELS):
            raise PodTemplateRefusedError(f"metadata.labels[{key}]", "choose another label")


def _check_container(container: Mapping[str, Any], *, own_consumer: bool) -> None:
    owned = _OWNED_CONTAINER_FIELDS | ({} if own_consumer else _OWNED_RUNTIME_FIELDS)
    for key, instead in owned.items():
        if key in container:
            raise PodTemplateRefusedError(f"spec.containers[{CONTAINER}].{key}", instead)
    for variable in container.get("env", ()):
        if str(variable.get("name", "")).startswith(ENV_PREFIX):
            path = f"spec.containers[{CONTAINER}].env[{variable['name']}]"
            raise PodTemplateRefusedError(path, f"names with {ENV_PREFIX} are the operator's")
    for mount in container.get("volumeMounts", ()):
        if mount.get("name") == BROKER_VOLUME:
            path = f"spec.containers[{CONTAINER}].volumeMounts[{BROKER_VOLUME}]"
            raise PodTemplateRefusedError(path, "choose another volume")


def _is_named(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(item, Mapping) and "name" in item for item in value)
    )


def _merge_named(ours: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    wanted = {item["name"]: item for item in theirs}
    merged = [merge(item, wanted.pop(item["name"], {})) for item in ours]
    return [*merged, *wanted.values()]
