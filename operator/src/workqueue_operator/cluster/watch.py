"""A slim watch of the worker Deployments: a few fields of each, and nothing else is kept."""

import threading
import time
from collections.abc import Sequence

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.deployments import state_of
from workqueue_operator.cluster.paths import APPS, collection
from workqueue_operator.cluster.stream import Listener, ListWatch, Timing
from workqueue_operator.ports import DeploymentSink, DeploymentState, Json

VERBS = frozenset({("apps", "deployments", "list"), ("apps", "deployments", "watch")})

SELECTOR = "app.kubernetes.io/managed-by=workqueue-operator"
STOP_SECONDS = 2.0


class Deployments:
    """The Deployments of one namespace (or of all), by the WorkQueue that owns them.

    Tells the sink what changed; those that no WorkQueue owns are left out.
    """

    def __init__(self, sink: DeploymentSink) -> None:
        self._sink = sink
        self._known: dict[str, DeploymentState] = {}  # by the Deployment's own uid

    def replace(self, states: Sequence[DeploymentState]) -> None:
        """Take these for all there are: what vanished first, then what is new or other."""
        there = {state.uid for state in states}
        for uid in [uid for uid in self._known if uid not in there]:
            self.forget(uid)
        for state in states:
            self.learn(state)

    def learn(self, state: DeploymentState) -> None:
        """Take in a Deployment that is new, or has changed."""
        before = self._known.get(state.uid)
        if before is not None and before.owner_uid != state.owner_uid:
            self.forget(state.uid)
        if state.owner_uid is not None and before != state:
            self._known[state.uid] = state
            self._sink(state.owner_uid, state)

    def forget(self, uid: str) -> None:
        """The Deployment with this uid is gone."""
        state = self._known.pop(uid, None)
        if state is not None and state.owner_uid is not None:
            self._sink(state.owner_uid, None)


class DeploymentWatch:
    """Watches the labelled Deployments, one thread per namespace, and tells the sink.

    namespaces: those in scope; none means all, with one thread.
    synced: set once every namespace has been listed.
    """

    def __init__(
        self,
        api: Api,
        sink: DeploymentSink,
        *,
        namespaces: Sequence[str] = (),
        timing: Timing | None = None,
    ) -> None:
        self.synced = threading.Event()
        self._unlisted: set[str | None] = set(namespaces or (None,))
        self._lock = threading.Lock()
        self._watches = [
            ListWatch(
                api,
                collection(APPS, namespace, "deployments"),
                {"labelSelector": SELECTOR},
                self._listener(namespace, Deployments(sink)),
                timing or Timing(),
            )
            for namespace in sorted(self._unlisted, key=str)
        ]

    def start(self) -> None:
        """Begin to list and to watch; returns at once."""
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End all threads, within STOP_SECONDS together."""
        for watch in self._watches:
            watch.stop()
        end = time.monotonic() + STOP_SECONDS
        for watch in self._watches:
            watch.join(max(0.0, end - time.monotonic()))

    def alive(self) -> bool:
        """Whether every thread runs and turns, whatever the API server says."""
        now = time.monotonic()
        return all(watch.alive(now) for watch in self._watches)

    def _listener(self, namespace: str | None, deployments: Deployments) -> Listener:
        def listed(items: Sequence[Json]) -> None:
            deployments.replace([state_of(each) for each in items])
            self._has_listed(namespace)

        return Listener(
            listed=listed,
            changed=lambda each: deployments.learn(state_of(each)),
            deleted=lambda each: deployments.forget(each["metadata"]["uid"]),
        )

    def _has_listed(self, namespace: str | None) -> None:
        with self._lock:
            self._unlisted.discard(namespace)
            if not self._unlisted:
                self.synced.set()
