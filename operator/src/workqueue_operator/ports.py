"""What the controller needs of the world; broker/ and cluster/ provide it.

Every method may block (network) and is called from threads, never from kopf's event loop.
Expected trouble is raised as a WorkQueueError; anything else is a bug.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.upkeep import Policy
from workqueue_operator.core.victims import NO_COST, Mark

Json = Mapping[str, Any]
ReadingSink = Callable[[Access, Mapping[str, Reading]], None]


class Topology(Protocol):
    """Declares and deletes queues."""

    def ensure(self, access: Access, queue: Queue) -> bool:
        """Declare the queue (durable, its arguments), its dead letters and its retry queues.

        Of the latter two what exists is used as it is. Returns True when the queue was created
        by this call, False when it was there with these parameters.

        Raises:
            QueueMismatchError: it exists with other parameters; nothing was changed.
            BrokerError: anything else the broker said, or that it said nothing.
        """
        ...

    def delete(self, access: Access, name: str, *, if_empty: bool) -> bool:
        """Delete one queue. Returns False when it was kept because it is not empty.

        An absent queue counts as deleted. if_empty is asked of the broker where it can (Classic);
        a quorum queue refuses the question, so the caller has seen repeated zeros before.
        """
        ...


class Monitors(Protocol):
    """Reads queues: one thread per distinct Access, every queue of it in one sweep."""

    def watch(self, access: Access, queue: str) -> None:
        """Read this queue in every sweep from now on (idempotent, returns at once)."""
        ...

    def watch_seldom(self, access: Access, queue: str) -> None:
        """Read this queue within a minute, again and again, beside one that is watched already.

        It costs a few percent of what the others cost, and is no reason to go on reading.
        """
        ...

    def unwatch(self, access: Access, queue: str) -> None:
        """Stop reading it; the last queue of an access ends its thread and connection."""
        ...

    def alive(self) -> Sequence[str]:
        """Addresses of monitors whose thread has died or does not turn any more: none, if well."""
        ...

    def close(self) -> None:
        """End all threads and connections, within 2 s."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentState:
    """The few fields of a Deployment that matter."""

    namespace: str
    name: str
    uid: str
    owner_uid: str | None  # uid of the controlling WorkQueue, None when there is none
    replicas: int  # spec.replicas
    generation: int
    observed_generation: int
    current: int  # status.replicas: pods not terminating
    ready: int
    updated: int
    annotations: Mapping[str, str]  # those below workqueue.dev/ only
    refused: str | None = None  # why the API server lets no pod of it in, in its words


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What happened in one queue lately."""

    finished: int  # tasks acknowledged
    seconds: float  # within so much time; above 0
    unacked: float  # tasks in work meanwhile, on the average


class Rates(Protocol):
    """Looks closer at one queue than a monitor does."""

    def ask(self, access: Access, queue: str, *, seconds: float) -> Throughput | None:
        """What was finished in about so many seconds before now (5 to 600).

        None: the broker did not say (no management address, no statistics yet, no answer within
        5 s). Never raises. Its statistics are up to 5 s behind.
        """
        ...

    def delivered(self, access: Access, queue: str, *, seconds: float) -> tuple[int, int] | None:
        """Deliveries of that time, and those that had been delivered before. None as in ask()."""
        ...


class Holders(Protocol):
    """Tells of consumers that nobody can ask directly."""

    def held(self, access: Access, queue: str) -> Mapping[str, int] | None:
        """Consumer tag -> tasks in work at it; about 5 s behind.

        A consumer of which it is not known is not in it. None: the broker did not say (no
        management address, no answer within 4 s). Never raises.
        """
        ...


class Upkeep(Protocol):
    """What the management API knows of queues, and can do for them.

    Each method is one request, answered within 3 s, or raises ManagementError.
    """

    def arguments(self, access: Access, queue: str) -> Mapping[str, Any] | None:
        """The x-arguments that the queue has; None: there is no such queue."""
        ...

    def consumers(self, access: Access, queue: str) -> Sequence[Consumer] | None:
        """Who consumes the queue, up to 5 s behind; None: the broker shows nobody."""
        ...

    def policies(self, access: Access) -> Sequence[Policy]:
        """All policies of the vhost."""
        ...

    def write_policy(self, access: Access, name: str, body: Mapping[str, Any]) -> None:
        """Create or replace one policy; takes the tag policymaker. body: policy_body."""
        ...

    def remove_policy(self, access: Access, name: str) -> None:
        """Delete one policy; an absent one is fine."""
        ...


DeploymentSink = Callable[[str, DeploymentState | None], None]
"""Called with the uid of the owning WorkQueue; None when its Deployment is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One worker pod, as listed."""

    name: str
    uid: str
    ip: str | None
    terminating: bool
    ready: bool
    raw: Json  # the whole object, for diagnosis
    cost: int = NO_COST  # its deletion cost


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyAnswer:
    """What a worker said on /busy."""

    busy: int
    draining: bool
    worked: tuple[int, float] | None = None
    """Tasks finished since its process started, and the seconds they took; None: not said."""
    delivered: tuple[int, int] | None = None
    """Tasks delivered to it since then, and those that somebody had held before; None: not said."""


class Cluster(Protocol):
    """The Kubernetes API. 409, 429 and 5xx are retried with back-off before ApiError is raised."""

    def read_secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """The decoded data of a Secret. Raises SecretMissingError (404, 403) or ApiError."""
        ...

    def apply_deployment(self, manifest: Json) -> DeploymentState:
        """Server-side apply by field manager workqueue-operator, force=true."""
        ...

    def get_deployment(self, namespace: str, name: str) -> DeploymentState | None:
        """The Deployment of this name, whoever owns it."""
        ...

    def patch_replicas(self, live: DeploymentState, replicas: int) -> DeploymentState:
        """Change spec.replicas and nothing else, if the Deployment still has this uid."""
        ...

    def delete_deployment(self, namespace: str, name: str, uid: str) -> None:
        """Delete it in the background, if it still has this uid; absent is fine."""
        ...

    def patch_workqueue(self, namespace: str, name: str, patch: Json) -> None:
        """Merge-patch the object's metadata (finalizers with a resourceVersion); absent is fine."""
        ...

    def patch_status(self, namespace: str, name: str, status: Json) -> None:
        """Merge-patch the status subresource; absent is fine."""
        ...

    def post_event(self, event: Json) -> None:
        """Create a core/v1 Event. Raises ApiError."""
        ...

    def list_workqueues(self) -> Mapping[str, str]:
        """uid -> resourceVersion of every WorkQueue in scope, by a metadata-only list."""
        ...

    def list_pods(self, namespace: str, workqueue: str) -> Sequence[Pod]:
        """The worker pods of one WorkQueue, terminating ones too."""
        ...

    def mark_pods(self, namespace: str, marks: Sequence[Mark]) -> None:
        """Give these pods a deletion cost, or take it away; several at once.

        One that is gone, or has another uid, is left out. Raises ApiError if a pod could not be
        written, once all others have been tried.
        """
        ...

    def ask_busy(self, pods: Sequence[Pod]) -> Mapping[str, BusyAnswer | None]:
        """Ask each pod's /busy, in parallel, 1 s at most each; None: no answer. Never raises."""
        ...
