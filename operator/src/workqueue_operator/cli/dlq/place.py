"""Where the dead letters of a WorkQueue are, and as whom we may come: read from the cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workqueue_operator.cli.errors import CliError, NotReachedError
from workqueue_operator.cli.schema import spec_schema, with_defaults
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection, connect_as_kubectl
from workqueue_operator.cluster.paths import WORKQUEUES, collection, item
from workqueue_operator.cluster.secrets import read_secret
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import (
    ApiError,
    InvalidSpecError,
    SecretError,
    SecretMissingError,
)
from workqueue_operator.core.trust import trust_from_secret
from workqueue_operator.core.workqueue import WorkQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster as this user sees it."""

    api: Api
    connection: Connection
    namespace: str

    @classmethod
    def open(cls, kubeconfig: str | None, context: str | None, namespace: str | None) -> "Cluster":
        """As kubectl would. Raises NotReachedError."""
        try:
            connection, usual = connect_as_kubectl(kubeconfig, context)
        except ApiError as error:
            raise NotReachedError(str(error)) from error
        api = Api(connection, connections=2)
        return cls(api=api, connection=connection, namespace=namespace or usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The two queues, and the way in."""

    namespace: str
    queue: str
    dead_queue: str
    access: Access


def find(cluster: Cluster, name: str, *, secret_name: str | None) -> Place:
    """Read the WorkQueue and its Secret. secret_name: another one that leads to the same broker.

    Raises:
        CliError: there is no such WorkQueue, or it has no dead letters.
        NotReachedError: the API server or the Secret refuses.
    """
    wq = _read(cluster, name)
    dead_queue = wq.queue.dead_letter_name
    if dead_queue is None:
        raise CliError(
            f"WorkQueue {wq.full_name} has no dead letters: its spec.queue.deadLetters is None, so "
            f"a task that fails is tried again for ever"
        )
    access = _access(cluster, wq, secret_name or wq.broker.secret_name)
    return Place(namespace=wq.namespace, queue=wq.queue.name, dead_queue=dead_queue, access=access)


def _read(cluster: Cluster, name: str) -> WorkQueue:
    try:
        body = _body(cluster, name)
        # The operator may be older than this command: a field that it does not know yet is absent.
        return WorkQueue.from_body({**body, "spec": with_defaults(spec_schema(), body["spec"])})
    except InvalidSpecError as error:
        raise CliError(f"WorkQueue {cluster.namespace}/{name}: {error}") from error
    except ApiError as error:
        raise _explained(error, f"{cluster.namespace}/{name}") from error


def _body(cluster: Cluster, name: str) -> Mapping[str, Any]:
    try:
        return cluster.api.request("GET", item(WORKQUEUES, cluster.namespace, "workqueues", name))
    except ApiError as error:
        if error.status != 403:
            raise
        return _listed(cluster, name, refused=error)


def _listed(cluster: Cluster, name: str, *, refused: ApiError) -> Mapping[str, Any]:
    """The same for who may only list, as the operator's own service account."""
    path = collection(WORKQUEUES, cluster.namespace, "workqueues")
    query = {"fieldSelector": f"metadata.name={name}"}
    try:
        found = cluster.api.request("GET", path, query=query)["items"]
    except ApiError:
        raise refused from None
    if not found:
        raise ApiError(404, f"there is no WorkQueue {name!r}")
    return dict(found[0])


def _explained(error: ApiError, full_name: str) -> CliError:
    if error.status == 404:
        return CliError(
            f"there is no WorkQueue {full_name}: `kubectl get workqueues -A` lists them; "
            f"-n NAMESPACE and --context NAME say where to look"
        )
    return NotReachedError(f"WorkQueue {full_name} cannot be read: {error}")


def _access(cluster: Cluster, wq: WorkQueue, secret_name: str) -> Access:
    broker = wq.broker
    try:
        trust = None
        if broker.ca_secret_name is not None:
            held = _secret(cluster, wq, broker.ca_secret_name)
            trust = trust_from_secret(broker.ca_secret_name, held)
        return from_secret(
            secret_name,
            _secret(cluster, wq, secret_name),
            vhost=broker.vhost,
            management_uri=broker.management_uri,
            trust=trust,
        )
    except SecretError as error:
        raise NotReachedError(f"{error}. --broker-secret NAME takes another one") from error
    except ApiError as error:
        raise NotReachedError(f"the Secrets of {wq.full_name} cannot be read: {error}") from error


def _secret(cluster: Cluster, wq: WorkQueue, name: str) -> Mapping[str, bytes]:
    try:
        return read_secret(cluster.api, wq.namespace, name)
    except SecretMissingError as error:
        if not isinstance(error.__cause__, ApiError) or error.__cause__.status != 403:
            raise
        raise SecretMissingError(
            f"you may not read Secret {wq.namespace}/{name} ({error.__cause__})"
        ) from error
