"""A namespace, a vhost and a ledger for one benchmark, taken away at its end."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.kube import Kube
from kit.ledger import Ledger
from kit.rabbit import Broker
from kit.story import Story
from tools import deploy

BROKER_HOST = "10.96.0.50"


@contextmanager
def stage(kubeconfig: Path) -> Iterator[Story]:
    """Set up, and take away whatever happened in between."""
    name = f"bench-{secrets.token_hex(4)}"
    kube = Kube.open(kubeconfig, name)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    kube.api.request("POST", "/api/v1/namespaces", body=body)
    broker = Broker(
        host=BROKER_HOST,
        port=5672,
        management_uri=f"http://{BROKER_HOST}:15672",
        username="admin",
        password="admin-password",
        vhost=name,
        pod_host="rabbitmq.rabbitmq.svc",
    )
    broker.create_vhost()
    images = deploy.images(kubeconfig)
    try:
        yield Story(kube, broker, images, Ledger(kube, images["worker"])).begin()
    finally:
        kube.api.request("DELETE", f"/api/v1/namespaces/{name}")
        broker.delete_vhost()
