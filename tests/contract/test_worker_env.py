"""What the operator puts into a worker's environment is what the worker reads."""

from typing import Any

import pytest

from contract.crd_example import HANDLERS, full_example
from workqueue_operator.core.manifests import deployment
from workqueue_operator.core.workerpod import worker_env
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_worker.handler_spec import HandlerSpec
from workqueue_worker.settings import (
    ENVIRONMENT,
    OPTIONAL,
    CommandHandler,
    HttpHandler,
    PythonHandler,
    Settings,
)

POD_NAME = "WORKQUEUE_POD_NAME"
RUNTIME_HANDLERS = ("python", "command", "http")


def a_workqueue(handler: str, **queue: Any) -> WorkQueue:
    body = full_example(handler)
    body["spec"]["queue"] |= queue
    return WorkQueue.from_body(body)


def rendered(wq: WorkQueue) -> list[dict[str, Any]]:
    """The variables of the container, as the kubelet gets them."""
    made = deployment(wq, replicas=1, runtime_image="worker:1")
    [container] = made["spec"]["template"]["spec"]["containers"]
    variables: list[dict[str, Any]] = container["env"]
    return variables


def test_the_operator_writes_every_name_that_the_worker_reads_and_no_other() -> None:
    names = [each["name"] for each in rendered(a_workqueue("python"))]

    assert sorted(names) == sorted([*ENVIRONMENT, *OPTIONAL])


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_feature_that_nobody_asks_for_adds_no_name(handler: str) -> None:
    # Given what an object of an earlier version may have at most
    body = full_example(handler)
    for name in ("isolation", "softTimeoutSeconds", "maxCrashes", "retry"):
        body["spec"]["worker"].pop(name, None)
    body["spec"]["broker"].pop("caSecretName")

    names = [each["name"] for each in rendered(WorkQueue.from_body(body))]

    assert sorted(names) == sorted(ENVIRONMENT)


def test_the_name_of_the_pod_comes_from_the_pod() -> None:
    [variable] = [each for each in rendered(a_workqueue("python")) if "valueFrom" in each]

    assert variable["name"] == POD_NAME
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


@pytest.mark.parametrize("handler", RUNTIME_HANDLERS)
def test_the_worker_understands_every_value(handler: str) -> None:
    wq = a_workqueue(handler)

    settings = Settings.from_env(worker_env(wq) | {POD_NAME: "thumbnails-7d9f-abcde"})

    assert (settings.queue, settings.vhost) == (wq.queue.name, wq.broker.vhost)
    assert settings.dead_letter_queue == wq.queue.dead_letter_name
    assert settings.max_attempts == wq.worker.max_attempts
    assert settings.task_timeout_seconds == wq.worker.task_timeout_seconds
    assert settings.prefetch == wq.worker.prefetch
    assert settings.retry_delays_seconds == wq.worker.retry_delays_seconds
    assert settings.max_crashes == wq.worker.max_crashes
    assert settings.isolated == (wq.worker.isolation == "Process")
    assert settings.soft_timeout_seconds == wq.worker.soft_timeout_seconds
    assert settings.handler == understood(handler, wq.worker.handler[handler])


def understood(handler: str, given: Any) -> HandlerSpec:
    """What the worker makes of it."""
    if handler == "http":
        return HttpHandler(port=given["port"], path=given["path"])
    return PythonHandler(given) if handler == "python" else CommandHandler(tuple(given))


def test_without_dead_letters_the_worker_is_told_that_there_are_none() -> None:
    wq = a_workqueue("python", deadLetters="None", deliveryLimit=None)

    settings = Settings.from_env(worker_env(wq) | {POD_NAME: "thumbnails-7d9f-abcde"})

    assert settings.dead_letter_queue == ""


@pytest.mark.parametrize("handler", RUNTIME_HANDLERS)
def test_the_worker_is_where_it_is_probed_and_finds_its_secret(handler: str) -> None:
    wq = a_workqueue(handler)
    made = deployment(wq, replicas=1, runtime_image="worker:1")
    [container] = made["spec"]["template"]["spec"]["containers"]
    settings = Settings.from_env(worker_env(wq) | {POD_NAME: "thumbnails-7d9f-abcde"})

    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports[container["readinessProbe"]["httpGet"]["port"]] == settings.probe_port
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert {str(settings.broker_dir), str(settings.tls_dir)} <= mounted
