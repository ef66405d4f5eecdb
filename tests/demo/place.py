"""Where the demo runs: the project's own cluster and broker, or a cluster of the user's."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from kit.kube import Kube, wait_for
from kit.rabbit import Broker
from tools import deploy
from workqueue_operator.core.errors import ApiError

NAMESPACE = "workqueue-demo"
OWN_BROKER = "rabbitmq.rabbitmq.svc"
BROKER = Path(__file__).with_name("rabbitmq.yaml")
WAIT_SECONDS = 180


def open_namespace(kubeconfig: Path) -> Kube:
    """A fresh namespace for the demo; what an earlier run left there is deleted first."""
    kube = Kube.open(kubeconfig, NAMESPACE)
    path = f"/api/v1/namespaces/{NAMESPACE}"

    def gone() -> bool:
        try:
            kube.api.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return True
            raise
        return False

    if not gone():
        kube.api.request("DELETE", path)
        wait_for("the namespace of an earlier demo to go", gone, seconds=WAIT_SECONDS)
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": label},
    }
    kube.api.request("POST", "/api/v1/namespaces", body=body)
    return kube


def images(kubeconfig: Path) -> Mapping[str, str]:
    """The images that were built, or pushed, for this cluster."""
    return deploy.images(kubeconfig)


def open_broker(kubeconfig: Path, kube: Kube) -> Broker:
    """The own cluster's broker with a fresh vhost, or a broker of the demo's own."""
    if deploy.is_own(kubeconfig):
        address = "10.96.0.50"
        broker = Broker(
            host=address,
            port=5672,
            management_uri=f"http://{address}:15672",
            username="admin",
            password="admin-password",
            vhost="demo",
            pod_host=OWN_BROKER,
        )
        broker.delete_vhost()
        broker.create_vhost()
        return broker
    return _start_broker(kube)


def _start_broker(kube: Kube) -> Broker:
    password = secrets.token_urlsafe(16)
    broker = Broker(
        host="",
        port=5672,
        management_uri="",
        username="demo",
        password=password,
        vhost="/",
        pod_host=f"rabbitmq.{NAMESPACE}.svc",
    )
    kube.apply(broker.secret(), *yaml.safe_load_all(BROKER.read_text()))

    def ready() -> bool:
        found = kube.need("Deployment", "rabbitmq").get("status", {})
        return bool(found.get("readyReplicas"))

    wait_for("RabbitMQ to be ready", ready, seconds=WAIT_SECONDS)
    return broker
