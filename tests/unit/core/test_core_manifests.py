"""The Deployment: safe by default, replicas always in it, and two digests that say what changed."""

import copy
from typing import Any

import pytest

from unit.core.builders import workqueue
from workqueue_operator.core.errors import PodTemplateRefusedError
from workqueue_operator.core.manifests import RENDERING, SPEC_HASH, deployment, spec_hash
from workqueue_operator.core.workqueue import WorkQueue

Json = dict[str, Any]
OWN: Json = {"worker": {"handler": {"own": {}}}}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def pod_of(wq: WorkQueue) -> Json:
    found: Json = deployment(wq, replicas=3)["spec"]["template"]["spec"]
    return found


def container_of(wq: WorkQueue) -> Json:
    found: Json = pod_of(wq)["containers"][0]
    return found


@pytest.mark.parametrize("replicas", [0, 1, 20])
def test_replicas_are_always_there_for_an_apply_without_them_would_make_it_1(replicas: int) -> None:
    assert deployment(workqueue(), replicas=replicas)["spec"]["replicas"] == replicas


def test_it_has_the_name_of_the_workqueue_and_belongs_to_it() -> None:
    made = deployment(workqueue(), replicas=1)

    assert (made["apiVersion"], made["kind"]) == ("apps/v1", "Deployment")
    assert (made["metadata"]["namespace"], made["metadata"]["name"]) == ("shop", "thumbnails")
    [owner] = made["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "workqueue.dev/v1alpha1",
        "kind": "WorkQueue",
        "name": "thumbnails",
        "uid": "uid-1",
        "controller": True,
        "blockOwnerDeletion": False,
    }


def test_the_selector_is_one_label_that_all_pods_have() -> None:
    spec = deployment(workqueue(), replicas=1)["spec"]

    assert spec["selector"] == {"matchLabels": {"workqueue.dev/name": "thumbnails"}}
    assert spec["template"]["metadata"]["labels"] == {
        "workqueue.dev/name": "thumbnails",
        "app.kubernetes.io/name": "workqueue-worker",
        "app.kubernetes.io/managed-by": "workqueue-operator",
    }


@pytest.mark.parametrize("spec", [{}, OWN], ids=["our runtime", "an image of its own"])
def test_pods_satisfy_restricted_pod_security(spec: Json) -> None:
    pod = pod_of(workqueue(spec))
    [container] = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == RESTRICTED
    assert pod["automountServiceAccountToken"] is False
    assert pod["shareProcessNamespace"] is True
    assert {next(iter(v.keys() - {"name"})) for v in pod["volumes"]} == {"secret", "emptyDir"}


def test_workers_get_the_longest_task_and_30_s_more_to_leave() -> None:
    wq = workqueue({"worker": {"taskTimeoutSeconds": 86400}})

    assert pod_of(wq)["terminationGracePeriodSeconds"] == 86430


def test_whoever_empties_nodes_is_asked_to_leave_workers_alone() -> None:
    asked = deployment(workqueue(), replicas=1)["spec"]["template"]["metadata"]["annotations"]

    assert asked == {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
    }


def test_where_tasks_are_short_the_user_may_allow_it() -> None:
    key = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    template = {"metadata": {"annotations": {key: "true"}}}
    made = deployment(workqueue({"worker": {"podTemplate": template}}), replicas=1)

    assert made["spec"]["template"]["metadata"]["annotations"][key] == "true"


def test_an_update_takes_no_worker_away() -> None:
    strategy = deployment(workqueue(), replicas=1)["spec"]["strategy"]

    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


def test_a_worker_runs_our_runtime_and_is_probed() -> None:
    container = container_of(workqueue())

    assert (container["name"], container["image"]) == ("worker", "registry.example/thumbnails:1.4")
    assert container["command"] == ["workqueue-worker"]
    assert container["ports"] == [{"name": "probes", "containerPort": 9400, "protocol": "TCP"}]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "probes"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "probes"}


def test_an_own_consumer_runs_its_own_entrypoint_and_is_not_probed() -> None:
    container = container_of(workqueue(OWN))

    assert container.keys() == {
        "name",
        "image",
        "env",
        "securityContext",
        "terminationMessagePolicy",
        "volumeMounts",
    }
    assert {each["name"] for each in container["env"]} == {
        each["name"] for each in container_of(workqueue())["env"]
    }


@pytest.mark.parametrize(
    ("worker", "secret"),
    [
        pytest.param({}, "rabbitmq", id="the operator's own"),
        pytest.param({"brokerSecretName": "few-rights"}, "few-rights", id="one with fewer rights"),
    ],
)
def test_the_secret_is_mounted_as_files_and_nowhere_in_the_environment(
    worker: Json, secret: str
) -> None:
    pod = pod_of(workqueue({"worker": worker}))
    [container] = pod["containers"]

    assert {"name": "workqueue-broker", "secret": {"secretName": secret}} in pod["volumes"]
    mount = {"name": "workqueue-broker", "mountPath": "/var/run/workqueue/broker", "readOnly": True}
    assert mount in container["volumeMounts"]
    assert "secretKeyRef" not in str(container["env"])
    assert "envFrom" not in container


def test_the_users_pod_template_is_merged() -> None:
    template = {
        "metadata": {"labels": {"team": "a"}},
        "spec": {
            "nodeSelector": {"disk": "fast"},
            "containers": [{"name": "worker", "resources": {"limits": {"memory": "1Gi"}}}],
        },
    }
    made = deployment(workqueue({"worker": {"podTemplate": template}}), replicas=1)
    pod = made["spec"]["template"]

    assert (
        pod["metadata"]["labels"].items()
        >= {"team": "a", "workqueue.dev/name": "thumbnails"}.items()
    )
    assert pod["spec"]["nodeSelector"] == {"disk": "fast"}
    assert pod["spec"]["containers"][0]["resources"] == {"limits": {"memory": "1Gi"}}
    assert pod["spec"]["containers"][0]["command"] == ["workqueue-worker"]


def test_a_field_that_the_operator_needs_is_refused() -> None:
    wq = workqueue({"worker": {"podTemplate": {"spec": {"restartPolicy": "Never"}}}})

    with pytest.raises(PodTemplateRefusedError, match="restartPolicy"):
        deployment(wq, replicas=1)


def annotations(wq: WorkQueue, replicas: int = 1) -> dict[str, str]:
    found: dict[str, str] = deployment(wq, replicas=replicas)["metadata"]["annotations"]
    return found


@pytest.mark.parametrize(
    ("spec", "asked", "rendered"),
    [
        pytest.param({}, False, False, id="nothing"),
        pytest.param(
            {"scaling": {"maxWorkers": 3}}, False, False, id="bounds are no matter of pods"
        ),
        pytest.param({"queue": {"deletionPolicy": "Delete"}}, False, False, id="nor is deletion"),
        pytest.param({"broker": {"managementUri": "http://x"}}, False, False, id="nor our own way"),
        pytest.param({"worker": {"brokerSecretName": "rabbitmq"}}, False, False, id="said at last"),
        pytest.param({"queue": {"policy": {"maxLength": 9}}}, False, False, id="nor is a limit"),
        pytest.param({"broker": {"caSecretName": "ca"}}, True, True, id="certificates"),
        pytest.param({"worker": {"isolation": "Process"}}, True, True, id="isolation"),
        pytest.param({"worker": {"softTimeoutSeconds": 9}}, True, True, id="a soft limit"),
        pytest.param({"worker": {"maxCrashes": 3}}, True, True, id="crashes counted"),
        pytest.param({"worker": {"retry": {"delaysSeconds": [1]}}}, True, True, id="a delay"),
        pytest.param({"worker": {"image": "x:2"}}, True, True, id="another image"),
        pytest.param({"worker": {"handler": {"python": "a:b"}}}, True, True, id="another handler"),
        pytest.param({"worker": {"prefetch": 2}}, True, True, id="another prefetch"),
        pytest.param({"worker": {"maxAttempts": 2}}, True, True, id="more attempts"),
        pytest.param({"worker": {"taskTimeoutSeconds": 2}}, True, True, id="a shorter time"),
        pytest.param({"worker": {"brokerSecretName": "other"}}, True, True, id="another Secret"),
        pytest.param({"broker": {"secretName": "other"}}, True, True, id="another Secret for both"),
        pytest.param(
            {"worker": {"podTemplate": {"spec": {"priorityClassName": "x"}}}}, True, True, id="pods"
        ),
        pytest.param(
            {"worker": {"podTemplate": {"spec": {}}}}, True, False, id="other words, the same pods"
        ),
    ],
)
def test_digests_tell_what_changed(spec: Json, asked: bool, rendered: bool) -> None:
    before, after = annotations(workqueue()), annotations(workqueue(spec))

    assert (before[SPEC_HASH] != after[SPEC_HASH]) == asked
    assert (before[RENDERING] != after[RENDERING]) == rendered


def test_the_number_of_workers_changes_no_digest() -> None:
    assert annotations(workqueue(), 1) == annotations(workqueue(), 20)


def test_the_digest_of_what_was_asked_is_that_of_every_version() -> None:
    # If this fails, an upgrade of the operator restarts all workers of everybody at once: build the
    # digest so that what did not exist before leaves it as it was.
    assert spec_hash(workqueue()) == "dfbb849390d76424"


def test_rendering_changes_nothing_of_what_was_asked() -> None:
    wq = workqueue({"worker": {"podTemplate": {"spec": {"containers": [{"name": "worker"}]}}}})
    before = copy.deepcopy(wq.worker.pod_template)

    deployment(wq, replicas=1)["spec"]["template"]["spec"]["containers"][0]["image"] = "x"

    assert wq.worker.pod_template == before
