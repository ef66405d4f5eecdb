"""Fixtures for the real cluster and the real broker. What is missing fails; nothing skips."""

import json
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from kit.kube import Kube
from kit.rabbit import Broker

ROOT = Path(__file__).parent.parent
CONTEXT = "workqueue-local"
BROKER_HOST = "10.96.0.50"


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The project's own cluster, and no other: these tests delete things."""
    path = ROOT / ".cluster" / "kubeconfig"
    if not path.exists():
        pytest.fail(f"{path} is missing: start the cluster with `make cluster-up`")
    context = yaml.safe_load(path.read_text())["current-context"]
    if context != CONTEXT:
        pytest.fail(f"{path} has context {context!r}; tests run on {CONTEXT!r} only")
    return path


@pytest.fixture(scope="session")
def images() -> Mapping[str, str]:
    """Names of the images on the cluster, as `make images` wrote them."""
    path = ROOT / ".cluster" / "images.json"
    if not path.exists():
        pytest.fail(f"{path} is missing: build the images with `make images`")
    return dict(json.loads(path.read_text()))


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[str]:
    """A namespace of the test's own; restricted Pod Security is enforced in it."""
    with _new_namespace(kubeconfig) as name:
        yield name


@pytest.fixture
def second_namespace(kubeconfig: Path) -> Iterator[str]:
    """Another one."""
    with _new_namespace(kubeconfig) as name:
        yield name


@contextmanager
def _new_namespace(kubeconfig: Path) -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": label}}
    _kubectl(kubeconfig, "create", "-f", "-", stdin=json.dumps(body))
    yield name
    _kubectl(kubeconfig, "delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def kube(kubeconfig: Path, namespace: str) -> Kube:
    """That namespace, through the API."""
    return Kube.open(kubeconfig, namespace)


@pytest.fixture
def broker(kubeconfig: Path) -> Iterator[Broker]:
    """The cluster's broker, with a vhost of the test's own."""
    assert kubeconfig.exists()
    found = Broker(
        host=BROKER_HOST,
        port=5672,
        management_uri=f"http://{BROKER_HOST}:15672",
        username="admin",
        password="admin-password",
        vhost=f"test-{secrets.token_hex(4)}",
        pod_host="rabbitmq.rabbitmq.svc",
    )
    found.create_vhost()
    yield found
    found.delete_vhost()


def _kubectl(kubeconfig: Path, *words: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        [str(ROOT / ".cluster/bin/kubectl"), f"--kubeconfig={kubeconfig}", *words],
        input=stdin,
        check=True,
        text=True,
        capture_output=True,
    )
    return done.stdout
