"""Every WorkQueue in scope, as the API server last sent it."""

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from workqueue_operator.core.workqueue import GROUP

Body = Mapping[str, Any]

METADATA = (
    "namespace",
    "name",
    "uid",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
)
SHORT = 64
"""Strings up to this length are kept once, however many objects have them."""


class Registry:
    """Bodies by uid. kopf fills it; the controller is woken through `changed`."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        """Call `changed` with the uid after each change."""
        self._changed = changed
        self._lock = threading.Lock()
        self._bodies: dict[str, Body] = {}

    def learn(self, body: Body) -> None:
        """A WorkQueue appeared or changed. Changes of its status alone wake nobody."""
        kept = slim(body)
        uid = kept["metadata"]["uid"]
        with self._lock:
            old = self._bodies.get(uid)
            self._bodies[uid] = kept
        if old is None or _asked(old) != _asked(kept):
            self._changed(uid)

    def forget(self, body: Body) -> None:
        """A WorkQueue is gone."""
        self.forget_uid(body["metadata"]["uid"])

    def forget_uid(self, uid: str) -> None:
        """A WorkQueue is gone, and nobody said so."""
        with self._lock:
            known = self._bodies.pop(uid, None)
        if known is not None:
            self._changed(uid)

    def get(self, uid: str) -> Body | None:
        """The last body, or None when it is gone."""
        with self._lock:
            return self._bodies.get(uid)

    def uids(self) -> frozenset[str]:
        """All that are here."""
        with self._lock:
            return frozenset(self._bodies)


def slim(body: Body) -> Body:
    """What the controller reads of a WorkQueue; of 10,000 of them the rest would take 150 MiB.

    Most of it is metadata.managedFields and what kubectl writes into annotations.
    """
    meta = body["metadata"]
    kept = {name: meta[name] for name in METADATA if name in meta}
    annotations = meta.get("annotations") or {}
    ours = {name: value for name, value in annotations.items() if name.startswith(f"{GROUP}/")}
    if ours:
        kept["annotations"] = ours
    rest = {part: body[part] for part in ("spec", "status") if part in body}
    shared: Body = _shared({"metadata": kept, **rest})
    return shared


def _shared(value: Any) -> Any:
    """A copy whose names and short words are those of every other object."""
    if isinstance(value, str):
        return sys.intern(value) if len(value) <= SHORT else value
    if isinstance(value, Mapping):
        return {sys.intern(name): _shared(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shared(inner) for inner in value]
    return value


def _asked(body: Body) -> object:
    meta = body["metadata"]
    return (
        meta.get("generation"),
        meta.get("deletionTimestamp"),
        meta.get("annotations"),
        meta.get("finalizers"),
    )
