"""With the rights of the chart, and no others, everything that the operator does is allowed."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.kube.manifests import deployment
from kit.kube import Kube
from tools.chart_check import CHART, render
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection, connect
from workqueue_operator.cluster.events import Subject, build_event
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.cluster.watch import DeploymentWatch
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import IDLE_COST, Mark
from workqueue_operator.handlers import serve

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNT = "operator"


@pytest.fixture
def account(served: Api, kube: Kube, kubeconfig: Path) -> Connection:
    """A service account that has the chart's Role in the test's namespace, by its token."""
    base = f"/namespaces/{kube.namespace}"
    accounts = f"/api/v1{base}/serviceaccounts"
    role, binding = the_charts_rights(kube.namespace)
    kube.api.request("POST", accounts, body={"metadata": {"name": ACCOUNT}})
    kube.api.request("POST", f"{RBAC}{base}/roles", body=role)
    kube.api.request("POST", f"{RBAC}{base}/rolebindings", body=binding)
    granted = kube.api.request("POST", f"{accounts}/{ACCOUNT}/token", body={"spec": {}})
    connection = connect(str(kubeconfig))
    configuration = connection.configuration
    configuration.cert_file = configuration.key_file = None
    configuration.api_key["BearerToken"] = f"Bearer {granted['status']['token']}"
    return connection


@pytest.fixture
def operator(account: Connection, namespace: str) -> KubernetesCluster:
    """The Cluster port as that account."""
    return KubernetesCluster(Api(account), namespaces=[namespace])


def the_charts_rights(namespace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Role that the chart makes for a watched namespace, and a binding to the account."""
    values = CHART / "ci" / "namespaces-values.yaml"
    objects = render(values, "--set", f"watchNamespaces={{{namespace}}}")
    role = next(each for each in objects if each["kind"] == "Role")
    binding = {
        "metadata": {"name": ACCOUNT},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": role["metadata"]["name"],
        },
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
    }
    return role, binding


def test_all_that_the_operator_does_is_allowed(
    operator: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    namespace = kube.namespace
    kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "rabbitmq"}})

    assert operator.read_secret(namespace, "rabbitmq") == {}
    applied = operator.apply_deployment(deployment(namespace, replicas=0, owner=workqueue))
    found = operator.get_deployment(namespace, "mail")
    assert found is not None
    assert found.uid == applied.uid
    assert operator.patch_replicas(applied, 1).replicas == 1
    operator.list_pods(namespace, "mail")
    operator.mark_pods(namespace, [Mark(name="gone", uid="1", cost=IDLE_COST)])
    operator.delete_deployment(namespace, "mail", applied.uid)
    operator.patch_workqueue(namespace, "mail", {"metadata": {"labels": {"a": "b"}}})
    operator.patch_status(namespace, "mail", {"observedGeneration": 1})
    operator.post_event(an_event(workqueue))
    assert set(operator.list_workqueues()) == {workqueue["metadata"]["uid"]}


def test_the_watch_is_allowed(operator: KubernetesCluster, kube: Kube) -> None:
    heard = threading.Event()
    watch = DeploymentWatch(
        operator._api, lambda _owner, _state: heard.set(), namespaces=[kube.namespace]
    )
    watch.start()
    try:
        assert watch.synced.wait(10)
    finally:
        watch.stop()


def test_kopf_s_own_watch_is_allowed(
    account: Connection, namespace: str, workqueue: dict[str, Any]
) -> None:
    stop, registry = asyncio.Event(), UntilHeard()

    async def story() -> None:
        serving = asyncio.create_task(serve(registry, account, namespaces=[namespace], stop=stop))
        await asyncio.wait_for(registry.heard.wait(), 10)
        stop.set()
        await serving

    asyncio.run(story())
    assert registry.uids == {workqueue["metadata"]["uid"]}


class UntilHeard:
    """A registry that can be waited for."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.uids: set[str] = set()

    def learn(self, body: Any) -> None:
        self.uids.add(body["metadata"]["uid"])
        self.heard.set()

    def forget(self, body: Any) -> None:
        raise AssertionError(body)


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param(lambda on: on.get_deployment("default", "x"), id="another namespace"),
        pytest.param(lambda on: list(on._api.pages("/api/v1/secrets", {})), id="a list of Secrets"),
        pytest.param(
            lambda on: on._api.request("GET", "/api/v1/namespaces"), id="the namespaces' names"
        ),
    ],
)
def test_what_it_does_not_need_is_refused(
    operator: KubernetesCluster, forbidden: Callable[[KubernetesCluster], object]
) -> None:
    with pytest.raises(ApiError) as refused:
        forbidden(operator)

    assert refused.value.status == 403


def an_event(workqueue: dict[str, Any]) -> Any:
    return build_event(
        Subject.of(workqueue),
        type="Warning",
        reason="QueueMismatch",
        message="durable differs",
        action="Declare",
        unique="1",
        now=datetime.now(UTC),
    )
