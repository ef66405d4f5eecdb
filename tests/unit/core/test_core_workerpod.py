"""What a worker's pod has only where it was asked for: certificates, and a server beside it."""

from typing import Any

import pytest

from unit.core.builders import workqueue
from workqueue_operator.core.errors import PodTemplateRefusedError, RuntimeImageMissingError
from workqueue_operator.core.manifests import deployment
from workqueue_operator.core.workerpod import worker_env

Json = dict[str, Any]
HTTP: Json = {"handler": {"http": {"port": 8080, "path": "/"}}, "image": "shop/server:1"}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def pod_with_server(*, template: Json | None = None) -> Json:
    """The pod of a WorkQueue whose image is a server."""
    wq = workqueue({"worker": HTTP | {"podTemplate": template or {}}})
    made = deployment(wq, replicas=1, runtime_image="project/worker:2")
    found: Json = made["spec"]["template"]["spec"]
    return found


def test_certificates_are_mounted_as_files_and_the_worker_is_told_where() -> None:
    wq = workqueue({"broker": {"caSecretName": "rabbitmq-ca"}})
    pod = deployment(wq, replicas=1)["spec"]["template"]["spec"]
    mount = {"name": "workqueue-tls", "mountPath": "/etc/workqueue/tls", "readOnly": True}

    assert {"name": "workqueue-tls", "secret": {"secretName": "rabbitmq-ca"}} in pod["volumes"]
    assert mount in pod["containers"][0]["volumeMounts"]
    assert worker_env(wq)["WORKQUEUE_TLS_DIR"] == "/etc/workqueue/tls"


def test_the_server_starts_before_the_worker_and_both_are_restricted() -> None:
    pod = pod_with_server()
    [worker], [server] = pod["containers"], pod["initContainers"]

    assert (worker["name"], worker["image"]) == ("worker", "project/worker:2")
    assert worker["command"] == ["workqueue-worker"]
    assert (server["name"], server["image"]) == ("server", "shop/server:1")
    assert server["restartPolicy"] == "Always"
    assert not [key for key in server if key.endswith("Probe")]  # it may listen at 127.0.0.1 alone
    assert worker["securityContext"] == server["securityContext"] == RESTRICTED


def test_the_server_is_told_no_password() -> None:
    [server] = pod_with_server()["initContainers"]

    assert "env" not in server
    assert [mount["name"] for mount in server["volumeMounts"]] == ["tmp"]


def test_the_user_shapes_the_server_by_its_name() -> None:
    probe = {"httpGet": {"path": "/up", "port": 8080}}
    ours = {"name": "server", "env": [{"name": "MODEL", "value": "large"}], "startupProbe": probe}
    first = {"name": "fetch", "image": "shop/fetch:1"}

    proxy = {"name": "proxy", "image": "shop/proxy:1"}
    spec = {"initContainers": [first, ours], "containers": [proxy]}
    pod = pod_with_server(template={"spec": spec})

    server, fetch = pod["initContainers"]
    assert server["env"] == [{"name": "MODEL", "value": "large"}]
    assert server["startupProbe"] == probe
    assert (fetch, pod["containers"][1]) == (first, proxy)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param(
            {"initContainers": [{"name": "server", "image": "other"}]},
            r"initContainers\[server\].image, which the operator owns: use spec.worker.image",
            id="another image",
        ),
        pytest.param(
            {"initContainers": [{"name": "server", "restartPolicy": "Never"}]},
            r"initContainers\[server\].restartPolicy",
            id="a server that ends",
        ),
        pytest.param(
            {"containers": [{"name": "server"}]},
            r"as spec.initContainers\[server\]",
            id="the server at the wrong place",
        ),
        pytest.param(
            {"volumes": [{"name": "workqueue-tls", "emptyDir": {}}]},
            "choose another name",
            id="our volume",
        ),
    ],
)
def test_what_the_operator_needs_of_the_server_is_refused(spec: Json, words: str) -> None:
    with pytest.raises(PodTemplateRefusedError, match=words):
        pod_with_server(template={"spec": spec})


def test_without_the_workers_own_image_there_is_nothing_to_run_beside_a_server() -> None:
    with pytest.raises(RuntimeImageMissingError, match="set workerImage in the chart's values"):
        deployment(workqueue({"worker": HTTP}), replicas=1)
