"""The broker in the cluster: one pod, its data in the state folder."""

from __future__ import annotations

import os
from string import Template

from cluster import broker_check
from cluster.addresses import RABBITMQ_ADDRESS
from cluster.api import Api, wait_until
from cluster.console import step
from cluster.paths import PACKAGE, Paths

MANIFEST = PACKAGE / "manifests" / "rabbitmq.yaml"
USER_ID = 999  # as in images/rabbitmq/Dockerfile
SEEN = "{.metadata.generation} {.status.observedGeneration}"
REVISIONS = "{.status.currentRevision} {.status.updateRevision}"
READY = f"jsonpath={SEEN} {REVISIONS} {{.status.readyReplicas}}"


def render(template: str, *, image: str, data: str) -> str:
    """Fill the manifest in.

    Raises:
        KeyError: the manifest asks for something else as well.
    """
    return Template(template).substitute(image=image, data=data, address=RABBITMQ_ADDRESS)


def is_ready(api: Api) -> bool:
    """Say whether the one pod is of the revision applied last, is ready, and answers."""
    found = api.ask("get", "statefulset/rabbitmq", "--namespace=rabbitmq", f"--output={READY}")
    return says_ready(found.stdout) and broker_check.takes_connections()


def says_ready(words: str) -> bool:
    """Read `generation observed current update ready`; the last is absent while it is zero."""
    match words.split():
        case [generation, observed, current, update, "1"]:
            return generation == observed and current == update
    return False


def deploy(paths: Paths, api: Api, image: str) -> None:
    """Apply the broker and wait until it takes connections."""
    paths.rabbitmq_data.mkdir(exist_ok=True)
    os.chown(paths.rabbitmq_data, USER_ID, USER_ID)
    with step("Starting RabbitMQ", usually_seconds=12) as running:
        api.apply(render(MANIFEST.read_text(), image=image, data=str(paths.rabbitmq_data)))
        wait_until(
            paths,
            "RabbitMQ to take connections",
            lambda: is_ready(api),
            running=running,
            log="kubelet",
            within=120,
        )
