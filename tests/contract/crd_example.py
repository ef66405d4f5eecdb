"""A WorkQueue built from the CRD with every field set, and a dict that records what is read."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tools.crd import Field, fields, schema

# The schema's rules say more about these than their types do.
EXAMPLES = {
    "spec.broker.managementUri": "http://broker.example:15672",
    "spec.worker.handler.python": "package.module:function",
    "spec.worker.handler.command": ["program", "argument"],
    "spec.worker.handler.http.path": "/tasks",
    "spec.worker.handler.own": {},
    "spec.worker.isolation": "Process",  # the other one is as good as none
    "spec.worker.maxCrashes": 3,  # below the delivery limit
    "spec.worker.retry.delaysSeconds": [1, 10, 60],
    "spec.worker.taskTimeoutSeconds": 900,  # above the soft one
    "spec.queue.arguments": {
        "x-queue-leader-locator": "balanced",
        "x-quorum-initial-group-size": 3,
    },
    "spec.worker.podTemplate": {"metadata": {"labels": {"team": "a"}}},
    "spec.scaling.maxWorkers": 5000,  # above every floor
    "spec.scaling.target.expectedTaskSeconds": 0.5,
}
# A list needs one item with every field in it.
LISTS = {
    "spec.scaling.floors": [
        {
            "name": "office",
            "schedule": "0 8 * * 1-5",
            "timeZone": "Europe/Berlin",
            "durationSeconds": 36000,
            "minWorkers": 2,
        }
    ],
}
# Two ways to say the same: one of them has to be left out.
ALTERNATIVES = {"spec.scaling.scaleDown.maxPercent": "spec.scaling.scaleDown.maxStep"}
HANDLERS = ("python", "command", "http", "own")
# Only some handlers have these.
ONLY_WITH = {
    "spec.worker.isolation": ("python",),
    "spec.worker.maxCrashes": ("python", "command", "http"),
    "spec.worker.softTimeoutSeconds": ("python", "command", "http"),
}
# Handed on as they are, so that reading the object is reading all of it.
OPAQUE = ("spec.worker.handler", "spec.worker.podTemplate", "spec.queue.arguments")

METADATA = {
    "namespace": "default",
    "name": "thumbnails",
    "uid": "0a1b2c3d-0000-0000-0000-000000000000",
    "generation": 3,
    "resourceVersion": "7",
    "creationTimestamp": "2026-01-01T00:00:00Z",
}


@cache
def spec_leaves() -> set[str]:
    """The path of every field of the spec that holds a value, as in spec.queue.type."""
    spec = (field for field in fields(schema()) if field.path.startswith("spec."))
    return {field.path for field in spec if field.is_leaf}


def full_example(handler: str = "python", *, alternative: bool = False) -> dict[str, Any]:
    """A valid object that sets every field of the spec, each to a value of its own.

    `handler` says which one of the kinds, because the schema allows one only; alternative:
    the second way where there are two.
    """
    body: dict[str, Any] = {
        "apiVersion": "workqueue.dev/v1alpha1",
        "kind": "WorkQueue",
        "metadata": dict(METADATA),
    }
    left_out = {path for path, kinds in ONLY_WITH.items() if handler not in kinds}
    left_out |= set(ALTERNATIVES.values() if alternative else ALTERNATIVES)
    for number, field in enumerate(fields(schema()), start=2):
        wanted = field.path.startswith("spec.") and field.is_leaf and "[]" not in field.path
        wanted = wanted and not _is_of_another(field.path, handler)
        if wanted and field.path not in left_out:
            _put(body, field.path.split("."), _value(field, number))
    for path, items in LISTS.items():
        _put(body, path.split("."), copy.deepcopy(items))
    return body


def _is_of_another(path: str, handler: str) -> bool:
    kinds = "spec.worker.handler."
    return path.startswith(kinds) and path.removeprefix(kinds).split(".")[0] != handler


def _value(field: Field, number: int) -> Any:
    bounds = field.schema
    if field.path in EXAMPLES:
        return EXAMPLES[field.path]
    if "enum" in bounds:
        return bounds["enum"][0]
    if bounds["type"] == "integer":
        return int(min(bounds["maximum"], bounds["minimum"] + number))
    return field.path.removeprefix("spec.").replace(".", "-").lower()


def _put(node: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        node = node.setdefault(name, {})
    node[path[-1]] = value


class Recorder(Mapping[str, Any]):
    """A read-only view of an object that adds the path of every value read to `seen`."""

    def __init__(self, inner: Mapping[str, Any], seen: set[str], path: str = "") -> None:
        self._inner = inner
        self._seen = seen
        self._path = path

    def __getitem__(self, key: str) -> Any:
        value = self._inner[key]
        here = f"{self._path}.{key}".lstrip(".")
        if isinstance(value, Mapping) and here not in OPAQUE:
            return Recorder(value, self._seen, here)
        if here in LISTS:
            return [Recorder(each, self._seen, f"{here}[]") for each in value]
        below = {leaf for leaf in spec_leaves() if leaf.startswith(f"{here}.")}
        self._seen |= below or {here}
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)
