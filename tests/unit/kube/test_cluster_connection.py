"""Finding the API server."""

from pathlib import Path

import pytest

from workqueue_operator.cluster.connection import connect
from workqueue_operator.core.errors import ApiError

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://kube.example:6443/"}}]
users: [{name: u, user: {token: t0ken}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


def test_a_kubeconfig_says_where_the_server_is_and_who_we_are(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)

    found = connect(str(path))

    assert found.server == "https://kube.example:6443"
    assert found.authorization() == "Bearer t0ken"


def test_given_no_such_file_then_the_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="does not lead to a Kubernetes API server") as lost:
        connect(str(tmp_path / "none"))

    assert str(tmp_path / "none") in str(lost.value)


def test_given_no_pod_around_us_then_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(ApiError, match="name a kubeconfig"):
        connect()
