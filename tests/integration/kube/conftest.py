"""The real API server, through the operator's own client."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.kube import Kube
from kit.operating import Operator
from tools import deploy
from tools.crd import load
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import connect
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.cluster.workqueues import is_served
from workqueue_operator.core.errors import ApiError

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def undisturbed(kubeconfig: Path) -> Iterator[Path]:
    """A cluster in which no operator works: one that a demo left rests until these are done."""
    there = Operator(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))
    works = there.kube.get("Deployment", deploy.RELEASE) is not None
    if works:
        there.scale(0)
    yield kubeconfig
    if works:
        there.scale(1)


@pytest.fixture(scope="session")
def served(undisturbed: Path) -> Iterator[Api]:
    """A client of an API server that has the kind WorkQueue.

    One that the operator's chart has installed is used as it is; otherwise it is made, and taken
    away again, or helm would refuse to install over it.
    """
    api = Api(connect(str(undisturbed)))
    crd = load()
    name = crd["metadata"]["name"]
    ours = not _there(api, f"{CRDS}/{name}")
    if ours:
        api.request("POST", CRDS, body=crd)
    while not is_served(api):
        time.sleep(0.1)
    yield api
    if ours:
        api.request("DELETE", f"{CRDS}/{name}")
    api.close()


@pytest.fixture
def cluster(served: Api, namespace: str) -> KubernetesCluster:
    """The Cluster port, for the test's namespace alone."""
    return KubernetesCluster(served, namespaces=[namespace])


@pytest.fixture
def workqueue(served: Api, kube: Kube) -> dict[str, Any]:
    """A WorkQueue `mail`."""
    assert served is not None
    kube.apply(
        {
            "apiVersion": "workqueue.dev/v1alpha1",
            "kind": "WorkQueue",
            "metadata": {"name": "mail"},
            "spec": {
                "broker": {"secretName": "there-is-none"},
                "worker": {"image": "localhost/none", "handler": {"command": ["cat"]}},
            },
        }
    )
    return kube.need("WorkQueue", "mail")


def _there(api: Api, path: str) -> bool:
    try:
        api.request("GET", path)
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True
