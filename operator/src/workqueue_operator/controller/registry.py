"""Every WorkQueue in scope, as the API server last sent it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

Body = Mapping[str, Any]


class Registry:
    """Bodies by uid. kopf fills it; the controller is woken through `changed`."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        """Call `changed` with the uid after each change."""
        self._changed = changed
        self._lock = threading.Lock()
        self._bodies: dict[str, Body] = {}

    def learn(self, body: Body) -> None:
        """A WorkQueue appeared or changed. Changes of its status alone wake nobody."""
        uid = body["metadata"]["uid"]
        with self._lock:
            old = self._bodies.get(uid)
            self._bodies[uid] = body
        if old is None or _asked(old) != _asked(body):
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


def _asked(body: Body) -> object:
    meta = body["metadata"]
    return (
        meta.get("generation"),
        meta.get("deletionTimestamp"),
        meta.get("annotations"),
        meta.get("finalizers"),
    )
