"""Whose cluster, and which namespace: as kubectl would say."""

import json
from pathlib import Path

import pytest

from workqueue_operator.cli.dlq.place import Cluster
from workqueue_operator.cli.errors import NotReachedError


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    """Two clusters, the second one's context with a namespace."""
    names = ("home", "work")
    more: tuple[dict[str, str], ...] = ({}, {"namespace": "shop"})
    contexts = [
        {"name": name, "context": {"cluster": name, "user": name, **each}}
        for name, each in zip(names, more, strict=True)
    ]
    text = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "home",
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{name}.example"}} for name in names
        ],
        "users": [{"name": name, "user": {"token": name}} for name in names],
        "contexts": contexts,
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(text))
    return str(path)


@pytest.mark.parametrize(
    ("context", "namespace", "expected"),
    [
        pytest.param(None, None, ("https://home.example", "default"), id="the current context"),
        pytest.param("work", None, ("https://work.example", "shop"), id="another one, its own"),
        pytest.param("work", "mail", ("https://work.example", "mail"), id="-n comes first"),
    ],
)
def test_context_and_namespace_are_those_of_kubectl(
    kubeconfig: str, context: str | None, namespace: str | None, expected: tuple[str, str]
) -> None:
    cluster = Cluster.open(kubeconfig, context, namespace)
    assert (cluster.connection.server, cluster.namespace) == expected


def test_a_context_that_is_not_there_is_said(kubeconfig: str) -> None:
    with pytest.raises(NotReachedError, match="no way to a Kubernetes API server"):
        Cluster.open(kubeconfig, "nowhere", None)
