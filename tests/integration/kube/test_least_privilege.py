"""With the rights of the chart, and no others, everything that the operator does is allowed."""

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

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNT = "operator"


@pytest.fixture
def operator(served: Api, kube: Kube, kubeconfig: Path) -> KubernetesCluster:
    """The Cluster port as a service account that has the chart's Role in the test's namespace."""
    return KubernetesCluster(Api(as_service_account(kube, kubeconfig)), namespaces=[kube.namespace])


def as_service_account(kube: Kube, kubeconfig: Path) -> Connection:
    """Connect with that account's token; the chart's Role is bound to it."""
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
    assert operator.patch_replicas(namespace, "mail", 1).replicas == 1
    operator.list_pods(namespace, "mail")
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
