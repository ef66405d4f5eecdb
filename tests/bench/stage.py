"""A place for measurements: namespaces and a vhost, taken away at its end."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from cluster.addresses import RABBITMQ_ADDRESS
from kit.kube import Kube, wait_for
from kit.ledger import Ledger
from kit.rabbit import Broker, _q
from kit.story import Story
from tools import deploy
from workqueue_operator.core.errors import ApiError

VHOST_SECONDS = 600
NAMESPACES_SECONDS = 1200


@contextmanager
def place(kubeconfig: Path, run: str, namespaces: Sequence[str]) -> Iterator[Broker]:
    """Namespaces with the broker's Secret in each, and one vhost called `run` for all."""
    broker = _broker(run)
    broker.create_vhost()
    kubes = [Kube.open(kubeconfig, name) for name in namespaces]
    try:
        for kube in kubes:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": kube.namespace}}
            kube.api.request("POST", "/api/v1/namespaces", body=body)
            kube.apply(broker.secret())
        yield broker
    finally:
        began = time.monotonic()
        for kube in kubes:
            _delete(kube)
        _delete_vhost(broker)
        wait_for(
            "the namespaces to be gone",
            lambda: not any(kube.exists() for kube in kubes),
            seconds=NAMESPACES_SECONDS,
            every=1,
        )
        print(f"  Taken away in {time.monotonic() - began:.0f} s", flush=True)


@contextmanager
def stage(kubeconfig: Path) -> Iterator[Story]:
    """One namespace with a ledger, for what is told as a story."""
    run = run_name()
    images = deploy.images(kubeconfig)
    with place(kubeconfig, run, [run]) as broker:
        kube = Kube.open(kubeconfig, run)
        yield Story(kube, broker, images, Ledger(kube, images["worker"])).begin()


def run_name() -> str:
    """For namespaces and the vhost of one run."""
    return f"bench-{secrets.token_hex(4)}"


def _broker(vhost: str) -> Broker:
    return Broker(
        host=RABBITMQ_ADDRESS,
        port=5672,
        management_uri=f"http://{RABBITMQ_ADDRESS}:15672",
        username="admin",
        password="admin-password",
        vhost=vhost,
        pod_host="rabbitmq.rabbitmq.svc",
    )


def _delete(kube: Kube) -> None:
    try:
        kube.delete_namespace()
    except ApiError as error:
        if error.status != 404:
            raise


def _delete_vhost(broker: Broker) -> None:
    """With 10,000 queues in it this takes longer than the API keeps a connection open."""
    url = f"{broker.management_uri}/api/vhosts/{_q(broker.vhost)}"
    who = (broker.username, broker.password)

    def is_gone() -> bool:
        with contextlib.suppress(requests.RequestException):
            requests.delete(url, auth=who, timeout=60)
            return requests.get(url, auth=who, timeout=60).status_code == 404
        return False

    wait_for("the vhost to be gone", is_gone, seconds=VHOST_SECONDS, every=1.0)
