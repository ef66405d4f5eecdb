"""What happens to all WorkQueues and their Deployments, as two watches tell it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from kit.kube import condition
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import APPS, WORKQUEUES, collection
from workqueue_operator.cluster.stream import Listener, ListWatch, Timing
from workqueue_operator.ports import Json

Key = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class Crowd:
    """Times are monotonic seconds at which this process heard of it."""

    api: Api
    replicas: dict[Key, int] = field(default_factory=dict)
    ready_since: dict[Key, float] = field(default_factory=dict)  # WorkQueues that are Ready
    there_since: dict[Key, float] = field(default_factory=dict)  # Deployments
    changed_at: float = field(default_factory=time.monotonic)
    _heard: threading.Condition = field(default_factory=threading.Condition)
    _watches: list[ListWatch] = field(default_factory=list)
    _listed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __enter__(self) -> Self:
        """Start both watches; what happens from now on is heard."""
        deployments = collection(APPS, None, "deployments")
        labelled = {"labelSelector": "workqueue.dev/name"}
        self._watch(deployments, labelled, self._deployment, self._no_deployment)
        self._watch(
            collection(WORKQUEUES, None, "workqueues"), {}, self._workqueue, self._no_workqueue
        )
        for _ in self._watches:
            if not self._listed.acquire(timeout=30):
                raise TimeoutError("the first list took more than 30 s")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both."""
        for each in self._watches:
            each.stop()
        for each in self._watches:
            each.join(2)

    def wait(self, what: str, look: Callable[[], bool], *, seconds: float) -> float:
        """Wait until it is so. Returns when that was heard (monotonic seconds)."""
        with self._heard:
            if not self._heard.wait_for(look, seconds):
                raise TimeoutError(f"waited {seconds:.0f} s for {what}")
            return time.monotonic()

    def wait_replicas(self, wanted: Mapping[Key, int], *, seconds: float) -> float:
        """Wait until each of these has at least so many. Returns when the last one had them."""
        left = dict(wanted)

        def look() -> bool:
            for key in [key for key, least in left.items() if self.replicas.get(key, 0) >= least]:
                del left[key]
            return not left

        return self.wait(f"{len(wanted)} Deployments to be scaled", look, seconds=seconds)

    def all_idle(self) -> bool:
        """No Deployment has a replica."""
        return not any(self.replicas.values())

    def _watch(
        self,
        path: str,
        query: dict[str, str],
        changed: Callable[[Json], None],
        deleted: Callable[[Json], None],
    ) -> None:
        def listed(items: Sequence[Json]) -> None:
            for item in items:
                changed(item)
            self._listed.release()

        listener = Listener(listed=listed, changed=changed, deleted=deleted)
        watch = ListWatch(self.api, path, query, listener, Timing())
        watch.start()
        self._watches.append(watch)

    def _deployment(self, body: Json) -> None:
        key = _key(body)
        with self._heard:
            self.there_since.setdefault(key, time.monotonic())
            self.replicas[key] = body["spec"]["replicas"]
            self._stir()

    def _no_deployment(self, body: Json) -> None:
        with self._heard:
            self.there_since.pop(_key(body), None)
            self.replicas.pop(_key(body), None)
            self._stir()

    def _workqueue(self, body: Json) -> None:
        key = _key(body)
        with self._heard:
            if condition(body).get("status") == "True":
                self.ready_since.setdefault(key, time.monotonic())
            self._stir()

    def _no_workqueue(self, body: Json) -> None:
        with self._heard:
            self.ready_since.pop(_key(body), None)
            self._stir()

    def _stir(self) -> None:
        self.changed_at = time.monotonic()
        self._heard.notify_all()


def _key(body: Json) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]
