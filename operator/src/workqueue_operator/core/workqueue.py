"""A WorkQueue as Python sees it; the only reader of .spec.

The schema in crds/ fills in every default, so a key that is absent here is a bug and raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workqueue_operator.core.queues import Queue, QueuePolicy
from workqueue_operator.core.scaling import Scaling, read_scaling

GROUP = "workqueue.dev"
VERSION = "v1alpha1"
PLURAL = "workqueues"
KIND = "WorkQueue"
FINALIZER = f"{GROUP}/queue"
ACCEPT_BROKER = f"{GROUP}/accept-broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRef:
    """spec.broker: where the Secret is, and what it does not hold."""

    secret_name: str
    ca_secret_name: str | None
    vhost: str
    management_uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """spec.worker."""

    image: str
    broker_secret_name: str
    handler: Mapping[str, Any]  # one key: python | command | http | own
    isolation: Literal["Thread", "Process"] | None
    max_attempts: int
    max_crashes: int | None
    retry_delays_seconds: tuple[int, ...]  # none: a failed task is tried again at once
    task_timeout_seconds: int
    soft_timeout_seconds: int | None
    prefetch: int
    pod_template: Mapping[str, Any]

    @property
    def brings_own_consumer(self) -> bool:
        """The image consumes by itself; none of our runtime is in it."""
        return "own" in self.handler

    @property
    def has_server(self) -> bool:
        """The image is a server, and our runtime runs beside it."""
        return "http" in self.handler


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """One object: what is asked for, and the status that was last written."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    created: str  # RFC 3339; with uid it orders two claims to one queue
    deleted: str | None  # RFC 3339 of the deletion request
    finalizers: tuple[str, ...]
    annotations: Mapping[str, str]
    broker: BrokerRef
    queue: Queue
    worker: Worker
    scaling: Scaling
    status: Mapping[str, Any]

    @property
    def age_key(self) -> tuple[str, str]:
        """Sorts older objects first."""
        return (self.created, self.uid)

    @property
    def full_name(self) -> str:
        """namespace/name."""
        return f"{self.namespace}/{self.name}"

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "WorkQueue":
        """Read an object as the API server sends it.

        Raises:
            InvalidSpecError: it breaks a rule that its schema did not have yet.
        """
        meta, spec = body["metadata"], body["spec"]
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            generation=meta["generation"],
            resource_version=meta["resourceVersion"],
            created=meta["creationTimestamp"],
            deleted=meta.get("deletionTimestamp"),
            finalizers=tuple(meta.get("finalizers", ())),
            annotations=meta.get("annotations", {}),
            broker=_broker(spec["broker"]),
            queue=_queue(spec["queue"], spec["worker"], meta["name"]),
            worker=_worker(spec["worker"], spec["broker"]),
            scaling=read_scaling(spec["scaling"], meta.get("annotations", {})),
            status=body.get("status", {}),
        )


def _broker(spec: Mapping[str, Any]) -> BrokerRef:
    return BrokerRef(
        secret_name=spec["secretName"],
        ca_secret_name=spec.get("caSecretName"),
        vhost=spec["vhost"],
        management_uri=spec.get("managementUri"),
    )


def _queue(spec: Mapping[str, Any], worker: Mapping[str, Any], object_name: str) -> Queue:
    policy = spec.get("policy", {})
    return Queue(
        name=spec.get("name", object_name),
        type=spec["type"],
        delivery_limit=spec.get("deliveryLimit"),
        dead_letters=spec["deadLetters"],
        deletion_policy=spec["deletionPolicy"],
        own_arguments=spec.get("arguments", {}),
        policy=QueuePolicy(
            max_length=policy.get("maxLength"),
            max_length_bytes=policy.get("maxLengthBytes"),
            message_ttl_seconds=policy.get("messageTtlSeconds"),
        ),
        retry_delays_seconds=_delays(worker),
    )


def _worker(spec: Mapping[str, Any], broker: Mapping[str, Any]) -> Worker:
    return Worker(
        image=spec["image"],
        broker_secret_name=spec.get("brokerSecretName", broker["secretName"]),
        handler=spec["handler"],
        isolation=spec.get("isolation"),
        max_attempts=spec["maxAttempts"],
        max_crashes=spec.get("maxCrashes"),
        retry_delays_seconds=_delays(spec),
        task_timeout_seconds=spec["taskTimeoutSeconds"],
        soft_timeout_seconds=spec.get("softTimeoutSeconds"),
        prefetch=spec["prefetch"],
        pod_template=spec.get("podTemplate", {}),
    )


def _delays(worker: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(worker.get("retry", {}).get("delaysSeconds", ()))
