"""A Kubernetes API that keeps the promises of ports.Cluster, and writes down what it is asked."""

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from unit.controller.fake_clock import FakeClock
from unit.controller.merging import merged
from workqueue_operator.core.errors import ApiError, SecretMissingError
from workqueue_operator.core.victims import Mark
from workqueue_operator.ports import BusyAnswer, DeploymentState, Json, Pod

Key = tuple[str, str]
WRITES = frozenset(
    {"apply_deployment", "patch_replicas", "delete_deployment", "patch_workqueue"}
    | {"patch_status", "post_event", "mark_pods"}
)
CONFLICT = ApiError(409, "the object has been modified")


@dataclass
class FakeCluster:
    """Objects by namespace and name. What a watch would tell goes to the callbacks, at once."""

    clock: FakeClock
    workqueues: dict[Key, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[Key, DeploymentState] = field(default_factory=dict)
    manifests: dict[Key, Json] = field(default_factory=dict)  # as last applied
    secrets: dict[Key, Mapping[str, bytes]] = field(default_factory=dict)
    pods: dict[Key, list[Pod]] = field(default_factory=dict)
    busy: dict[str, BusyAnswer] = field(default_factory=dict)  # by pod
    marks: list[dict[str, int]] = field(default_factory=list)  # costs by pod, write by write
    slow_marks: threading.Event | None = None  # mark_pods waits for it
    events: list[Json] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)  # by method
    replicas: list[int] = field(default_factory=list)  # every value that spec.replicas has had
    deaf: bool = False  # the watches tell nothing
    changed: Callable[[Json], None] = lambda _: None
    gone: Callable[[Json], None] = lambda _: None
    deployment_changed: Callable[[str, DeploymentState | None], None] = lambda _, __: None
    lock: threading.RLock = field(default_factory=threading.RLock)  # one request after the other
    _version: int = 100

    # --- what a test does

    def writes(self) -> list[str]:
        """The names of the writes so far."""
        return [each for each in self.asked if each in WRITES]

    def reasons(self) -> list[str]:
        """The reasons of all events so far."""
        return [event["reason"] for event in self.events]

    def put(self, body: dict[str, Any]) -> None:
        """Create or change a WorkQueue, as a user does."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        self.workqueues[key] = body
        self.touch(body)

    def touch(self, body: dict[str, Any]) -> None:
        """Somebody has written this WorkQueue."""
        with self.lock:
            body["metadata"]["resourceVersion"] = self._next_version()
            if not self.deaf:
                self.changed(copy.deepcopy(body))

    def delete_workqueue(self, body: dict[str, Any]) -> None:
        """Ask for its deletion."""
        with self.lock:
            body["metadata"]["deletionTimestamp"] = self.clock.rfc3339()
            self.touch(body)
            self._collect(body)

    def set_deployment(self, live: DeploymentState | None, key: Key) -> None:
        """It is like this now, or gone; the watch tells its owner."""
        before = self.deployments.pop(key, None)
        if live is not None:
            self.deployments[key] = live
            if before is None or before.replicas != live.replicas:
                self.replicas.append(live.replicas)
        owner = live or before
        if owner is not None and owner.owner_uid is not None and not self.deaf:
            self.deployment_changed(owner.owner_uid, live)

    # --- ports.Cluster

    def read_secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """See ports.Cluster."""
        self._ask("read_secret")
        if (namespace, name) not in self.secrets:
            raise SecretMissingError(f"Secret {namespace}/{name} does not exist")
        return self.secrets[namespace, name]

    def apply_deployment(self, manifest: Json) -> DeploymentState:
        """See ports.Cluster."""
        self._ask("apply_deployment")
        meta, spec = manifest["metadata"], manifest["spec"]
        key = (meta["namespace"], meta["name"])
        live = self.deployments.get(key)
        uid = meta.get("uid")
        if uid is not None and (live is None or live.uid != uid):
            raise CONFLICT
        if live is None:
            live = self._new_deployment(manifest)
        before = self.manifests.get(key)
        differs = before is None or before["spec"] != spec or live.replicas != spec["replicas"]
        template = before is None or before["spec"]["template"] != spec["template"]
        self.manifests[key] = copy.deepcopy(manifest)
        after = replace(
            live,
            replicas=spec["replicas"],
            generation=live.generation + differs,
            annotations=meta["annotations"],
            updated=0 if template else live.updated,
        )
        # The counts of pods are of the time before until the Deployment's controller has seen it.
        answer = replace(after, updated=live.updated)
        self.set_deployment(answer, key)
        self._collect_orphan(answer, key)
        return answer

    def get_deployment(self, namespace: str, name: str) -> DeploymentState | None:
        """See ports.Cluster."""
        self._ask("get_deployment")
        return self.deployments.get((namespace, name))

    def patch_replicas(self, live: DeploymentState, replicas: int) -> DeploymentState:
        """See ports.Cluster."""
        self._ask("patch_replicas")
        there = self.deployments[live.namespace, live.name]
        if there.uid != live.uid:
            raise ApiError(422, "metadata.uid: field is immutable")
        after = replace(there, replicas=replicas, generation=there.generation + 1)
        self.set_deployment(after, (live.namespace, live.name))
        return after

    def delete_deployment(self, namespace: str, name: str, uid: str) -> None:
        """See ports.Cluster."""
        self._ask("delete_deployment")
        live = self.deployments.get((namespace, name))
        if live is not None and live.uid == uid:
            self.set_deployment(None, (namespace, name))

    def patch_workqueue(self, namespace: str, name: str, patch: Json) -> None:
        """See ports.Cluster."""
        self._ask("patch_workqueue")
        with self.lock:
            body = self.workqueues.get((namespace, name))
            if body is None:
                return
            meta = dict(patch["metadata"])
            if meta.pop("resourceVersion") != body["metadata"]["resourceVersion"]:
                raise CONFLICT
            body["metadata"] |= meta
            self.touch(body)
            self._collect(body)

    def patch_status(self, namespace: str, name: str, status: Json) -> None:
        """See ports.Cluster."""
        self._ask("patch_status")
        with self.lock:
            body = self.workqueues.get((namespace, name))
            if body is not None:
                body["status"] = merged(body.get("status", {}), status)
                self.touch(body)

    def post_event(self, event: Json) -> None:
        """See ports.Cluster."""
        self._ask("post_event")
        self.events.append(event)

    def list_workqueues(self) -> Mapping[str, str]:
        """See ports.Cluster."""
        self._ask("list_workqueues")
        metas = [body["metadata"] for body in self.workqueues.values()]
        return {meta["uid"]: meta["resourceVersion"] for meta in metas}

    def list_pods(self, namespace: str, workqueue: str) -> Sequence[Pod]:
        """See ports.Cluster."""
        self._ask("list_pods")
        return list(self.pods.get((namespace, workqueue), ()))

    def mark_pods(self, namespace: str, marks: Sequence[Mark]) -> None:
        """See ports.Cluster."""
        self._ask("mark_pods")
        if self.slow_marks is not None:
            self.slow_marks.wait(10)
        costs = {each.uid: each.cost for each in marks}
        self.marks.append({each.name: each.cost for each in marks})
        for key, pods in self.pods.items():
            if key[0] == namespace:
                self.pods[key] = [replace(p, cost=costs.get(p.uid, p.cost)) for p in pods]

    def ask_busy(self, pods: Sequence[Pod]) -> Mapping[str, BusyAnswer | None]:
        """See ports.Cluster."""
        self._ask("ask_busy")
        return {pod.name: self.busy.get(pod.name) for pod in pods}

    # --- inside

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if method in self.failures:
            raise self.failures[method]

    def _next_version(self) -> str:
        self._version += 1
        return str(self._version)

    def _collect(self, body: dict[str, Any]) -> None:
        """What is deleted and has no finalizer is gone, and its Deployment with it."""
        meta = body["metadata"]
        key = (meta["namespace"], meta["name"])
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            del self.workqueues[key]
            self.gone(copy.deepcopy(body))
            self.set_deployment(None, key)

    def _collect_orphan(self, live: DeploymentState, key: Key) -> None:
        """One whose owner was deleted while it was applied goes after it."""
        with self.lock:
            owners = {body["metadata"]["uid"] for body in self.workqueues.values()}
            if live.owner_uid not in owners:
                self.set_deployment(None, key)

    def _new_deployment(self, manifest: Json) -> DeploymentState:
        meta = manifest["metadata"]
        return DeploymentState(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=f"deployment-{self._next_version()}",
            owner_uid=meta["ownerReferences"][0]["uid"],
            replicas=-1,
            generation=0,
            observed_generation=0,
            current=0,
            ready=0,
            updated=0,
            annotations={},
        )
