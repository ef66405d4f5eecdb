"""The Cluster port, put together from the small modules beside this one."""

from collections.abc import Mapping, Sequence

from workqueue_operator.cluster import costs, deployments, events, secrets, workers, workqueues
from workqueue_operator.cluster.api import Api
from workqueue_operator.core.victims import Mark
from workqueue_operator.ports import BusyAnswer, DeploymentState, Json, Pod


class KubernetesCluster:
    """The objects of one cluster, or of a list of its namespaces. Thread-safe.

    namespaces: those in scope; none means all.
    """

    def __init__(self, api: Api, *, namespaces: Sequence[str] = ()) -> None:
        self._api = api
        self._namespaces = tuple(namespaces)

    def read_secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """See ports.Cluster."""
        return secrets.read_secret(self._api, namespace, name)

    def apply_deployment(self, manifest: Json) -> DeploymentState:
        """See ports.Cluster."""
        return deployments.apply(self._api, manifest)

    def get_deployment(self, namespace: str, name: str) -> DeploymentState | None:
        """See ports.Cluster."""
        return deployments.get(self._api, namespace, name)

    def patch_replicas(self, live: DeploymentState, replicas: int) -> DeploymentState:
        """See ports.Cluster."""
        return deployments.patch_replicas(self._api, live, replicas)

    def delete_deployment(self, namespace: str, name: str, uid: str) -> None:
        """See ports.Cluster."""
        deployments.delete(self._api, namespace, name, uid)

    def patch_workqueue(self, namespace: str, name: str, patch: Json) -> None:
        """See ports.Cluster."""
        workqueues.patch(self._api, namespace, name, patch)

    def patch_status(self, namespace: str, name: str, status: Json) -> None:
        """See ports.Cluster. status: what stands below `status`."""
        workqueues.patch_status(self._api, namespace, name, status)

    def post_event(self, event: Json) -> None:
        """See ports.Cluster. events.build_event makes one."""
        events.post_event(self._api, event)

    def list_workqueues(self) -> Mapping[str, str]:
        """See ports.Cluster."""
        return workqueues.resource_versions(self._api, self._namespaces)

    def list_pods(self, namespace: str, workqueue: str) -> Sequence[Pod]:
        """See ports.Cluster."""
        return workers.list_pods(self._api, namespace, workqueue)

    def mark_pods(self, namespace: str, marks: Sequence[Mark]) -> None:
        """See ports.Cluster."""
        costs.mark_pods(self._api, namespace, marks)

    def ask_busy(self, pods: Sequence[Pod]) -> Mapping[str, BusyAnswer | None]:
        """See ports.Cluster."""
        return workers.ask_busy(pods)
