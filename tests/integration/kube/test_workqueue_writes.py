"""WorkQueues, Secrets, events and pods on the real API server."""

import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration.kube.manifests import deployment
from kit.kube import Kube, wait_for
from workqueue_operator.cluster.events import Subject, build_event
from workqueue_operator.cluster.objects import KubernetesCluster
from workqueue_operator.core.errors import ApiError, SecretMissingError

ABSENT = "there-is-none"
DECISION = {"reason": "ScaledUp", "message": "0 -> 20", "time": "2026-03-04T05:06:07Z"}


def test_the_status_is_patched_and_the_spec_is_not(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    cluster.patch_status(kube.namespace, "mail", {"lastDecision": DECISION})

    body = kube.need("WorkQueue", "mail")
    assert body["status"]["lastDecision"] == DECISION
    assert body["spec"] == workqueue["spec"]
    assert body["metadata"]["generation"] == workqueue["metadata"]["generation"]


def test_a_finalizer_is_put_on_the_version_that_was_seen_and_on_no_other(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    def put(finalizers: list[str], version: str) -> None:
        metadata = {"finalizers": finalizers, "resourceVersion": version}
        cluster.patch_workqueue(kube.namespace, "mail", {"metadata": metadata})

    def put_on_the_newest(finalizers: list[str]) -> bool:
        try:
            put(finalizers, kube.need("WorkQueue", "mail")["metadata"]["resourceVersion"])
        except ApiError as error:
            if error.status != 409:
                raise
            return False  # an operator in this cluster has just written its status
        return True

    # Given an object that has changed since it was seen
    kube.patch("WorkQueue", "mail", {"metadata": {"labels": {"changed": "meanwhile"}}})

    with pytest.raises(ApiError) as conflict:
        put(["workqueue.dev/queue"], workqueue["metadata"]["resourceVersion"])

    assert conflict.value.status == 409
    assert "finalizers" not in kube.need("WorkQueue", "mail")["metadata"]
    wait_for("the patch", partial(put_on_the_newest, ["workqueue.dev/queue"]), seconds=5)
    assert kube.need("WorkQueue", "mail")["metadata"]["finalizers"] == ["workqueue.dev/queue"]
    wait_for("its removal", partial(put_on_the_newest, []), seconds=5)


def test_what_is_absent_needs_no_patch(cluster: KubernetesCluster, namespace: str) -> None:
    cluster.patch_status(namespace, ABSENT, {"lastDecision": DECISION})
    cluster.patch_workqueue(namespace, ABSENT, {"metadata": {"labels": {"a": "b"}}})

    assert cluster.list_workqueues() == {}


def test_the_list_has_every_workqueue_in_scope_by_uid(
    cluster: KubernetesCluster, kube: Kube, workqueue: dict[str, Any]
) -> None:
    listed = cluster.list_workqueues()

    assert set(listed) == {workqueue["metadata"]["uid"]}
    newest = kube.need("WorkQueue", "mail")["metadata"]["resourceVersion"]
    assert int(listed[workqueue["metadata"]["uid"]]) <= int(newest)


def test_a_secret_is_read_by_name(cluster: KubernetesCluster, kube: Kube) -> None:
    kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "rabbitmq"},
            "stringData": {"username": "üser", "port": "5672"},
        }
    )

    assert cluster.read_secret(kube.namespace, "rabbitmq") == {
        "username": "üser".encode(),
        "port": b"5672",
    }


@pytest.mark.parametrize("name", [ABSENT, "../configmaps/kube-root-ca.crt"])
def test_a_secret_that_is_not_there_says_so(
    cluster: KubernetesCluster, namespace: str, name: str
) -> None:
    with pytest.raises(SecretMissingError, match="does not exist"):
        cluster.read_secret(namespace, name)


def test_an_event_is_seen_by_kubectl_and_a_repeated_post_makes_no_second_one(
    cluster: KubernetesCluster, kube: Kube, kubeconfig: Path, workqueue: dict[str, Any]
) -> None:
    event = build_event(
        Subject.of(workqueue),
        type="Normal",
        reason="ScaledUp",
        message="from 0 to 20 workers: 200 tasks at 10 per worker",
        action="Scale",
        unique="0a1b2c3d",
        now=datetime.now(UTC),
    )

    cluster.post_event(event)
    cluster.post_event(event)

    assert len(kube.events("mail", "ScaledUp")) == 1
    kubectl = str(kubeconfig.parent / "bin" / "kubectl")
    for words in (["get", "events"], ["describe", "workqueue", "mail"]):
        command = [kubectl, f"--kubeconfig={kubeconfig}", "-n", kube.namespace, *words]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "ScaledUp" in shown
        assert "from 0 to 20 workers: 200 tasks at 10 per worker" in shown
    assert "workqueue-operator" in shown


def test_the_pods_of_one_workqueue_are_listed_and_none_of_another(
    cluster: KubernetesCluster, namespace: str
) -> None:
    cluster.apply_deployment(deployment(namespace, replicas=2))
    cluster.apply_deployment(deployment(namespace, name="other", replicas=1))

    wait_for("two pods", lambda: len(cluster.list_pods(namespace, "mail")) == 2, seconds=30)

    pods = cluster.list_pods(namespace, "mail")
    assert all(pod.name.startswith("mail-") for pod in pods)
    assert {(pod.ready, pod.terminating) for pod in pods} == {(False, False)}
