"""What a podTemplate may not say, and what is no podTemplate."""

from typing import Any

import pytest

from workqueue_operator.core.errors import InvalidSpecError, PodTemplateRefusedError
from workqueue_operator.core.podtemplate import check
from workqueue_operator.core.victims import COST

Json = dict[str, Any]


def container(**fields: Any) -> Json:
    return {"spec": {"containers": [{"name": "worker"} | fields]}}


@pytest.mark.parametrize("own_consumer", [True, False])
@pytest.mark.parametrize(
    ("template", "path"),
    [
        pytest.param(
            {"metadata": {"labels": {"workqueue.dev/name": "x"}}},
            "metadata.labels[workqueue.dev/name]",
            id="the label that finds the workers",
        ),
        pytest.param(
            {"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}},
            "metadata.labels[app.kubernetes.io/managed-by]",
            id="the label that says whose they are",
        ),
        pytest.param(
            {"metadata": {"annotations": {COST: "5"}}},
            f"metadata.annotations[{COST}]",
            id="the cost that tells Kubernetes whom to take",
        ),
        pytest.param({"spec": {"restartPolicy": "Never"}}, "spec.restartPolicy", id="restarts"),
        pytest.param(
            {"spec": {"terminationGracePeriodSeconds": 5}},
            "spec.terminationGracePeriodSeconds",
            id="the grace period, which follows from the longest task",
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": "workqueue-broker"}]}},
            "spec.volumes[workqueue-broker]",
            id="the volume of the broker's Secret",
        ),
        pytest.param(container(image="x"), "spec.containers[worker].image", id="the image"),
        pytest.param(
            container(env=[{"name": "A"}, {"name": "WORKQUEUE_QUEUE"}]),
            "spec.containers[worker].env[WORKQUEUE_QUEUE]",
            id="a variable of the contract",
        ),
        pytest.param(
            container(volumeMounts=[{"name": "workqueue-broker", "mountPath": "/x"}]),
            "spec.containers[worker].volumeMounts[workqueue-broker]",
            id="the Secret mounted elsewhere",
        ),
        pytest.param(
            container(volumeMounts=[{"name": "mine", "mountPath": "/var/run/workqueue/broker/"}]),
            "spec.containers[worker].volumeMounts[/var/run/workqueue/broker/]",
            id="another volume in the Secret's place",
        ),
    ],
)
def test_what_the_operator_needs_is_refused(template: Json, path: str, own_consumer: bool) -> None:
    with pytest.raises(PodTemplateRefusedError) as caught:
        check(template, own_consumer=own_consumer)

    assert f"spec.worker.podTemplate sets {path}, which the operator owns: " in str(caught.value)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        pytest.param(container(command=["sh"]), "command", id="the command"),
        pytest.param(container(args=["-x"]), "args", id="its arguments"),
        pytest.param(container(livenessProbe={}), "livenessProbe", id="the liveness probe"),
        pytest.param(container(readinessProbe={}), "readinessProbe", id="the readiness probe"),
        pytest.param(
            container(ports=[{"containerPort": 9400}]), "ports[9400]", id="the port of the probes"
        ),
        pytest.param(
            container(ports=[{"containerPort": 1, "name": "probes"}]),
            "ports[probes]",
            id="its name",
        ),
    ],
)
def test_what_the_runtime_brings_is_free_only_where_the_image_has_none(
    template: Json, path: str
) -> None:
    check(template, own_consumer=True)

    with pytest.raises(PodTemplateRefusedError) as caught:
        check(template, own_consumer=False)
    assert f"sets spec.containers[worker].{path}, " in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param({}, id="nothing"),
        pytest.param(
            {"metadata": {"labels": {"team": "a"}, "annotations": {"b": "c"}}}, id="labels"
        ),
        pytest.param({"metadata": {"labels": {"app.kubernetes.io/name2": "x"}}}, id="a like label"),
        pytest.param(
            {"spec": {"nodeSelector": {"a": "b"}, "serviceAccountName": "x"}}, id="pod fields"
        ),
        pytest.param({"spec": {"volumes": [{"name": "data"}]}}, id="volumes"),
        pytest.param(
            container(
                env=[{"name": "A", "value": "b"}],
                resources={},
                ports=[{"containerPort": 8080, "name": "http"}],
                volumeMounts=[{"name": "data", "mountPath": "/data"}],
            ),
            id="what a container may have",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "proxy", "image": "x", "command": ["y"]}]}},
            id="another container is free",
        ),
    ],
)
def test_everything_else_is_free(template: Json) -> None:
    check(template, own_consumer=False)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        pytest.param({"metadata": None}, "metadata must be a map", id="null for a map"),
        pytest.param({"metadata": {"labels": ["a"]}}, "metadata.labels must be a map", id="a list"),
        pytest.param({"spec": "text"}, "spec must be a map", id="text for a map"),
        pytest.param(
            {"spec": {"containers": None}},
            "spec.containers must be a list of maps, each with name",
            id="null for a list",
        ),
        pytest.param(
            {"spec": {"containers": [{"resources": {}}]}},
            "spec.containers must be a list of maps, each with name",
            id="a container without a name would replace ours",
        ),
        pytest.param(
            {"spec": {"volumes": ["data"]}}, "spec.volumes must be a list", id="text for a volume"
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": ["a"]}]}},
            "spec.volumes must be a list",
            id="a list name",
        ),
        pytest.param(
            container(env={"A": "b"}),
            "env must be a list of maps, each with name",
            id="a map of env",
        ),
        pytest.param(
            container(volumeMounts=[{"name": "data"}]),
            "each with mountPath",
            id="a mount of no path",
        ),
        pytest.param(
            container(ports=[{"containerPort": "80"}]),
            "each with containerPort",
            id="text for a port",
        ),
    ],
)
def test_what_is_no_pod_template_is_told_and_raises_no_bug(template: Json, problem: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        check(template, own_consumer=False)

    assert str(caught.value).startswith("spec.worker.podTemplate.")
    assert problem in str(caught.value)
