"""The pod of a worker: its containers, and the environment that is the contract with them."""

import json
from collections.abc import Sequence
from typing import Any

from workqueue_operator.core import podtemplate
from workqueue_operator.core.errors import RuntimeImageMissingError
from workqueue_operator.core.podtemplate import (
    BROKER_DIR,
    BROKER_VOLUME,
    CONTAINER,
    PROBE_PORT,
    PROBE_PORT_NAME,
    SERVER,
    TLS_DIR,
    TLS_VOLUME,
)
from workqueue_operator.core.workqueue import GROUP, Worker, WorkQueue

NAME_LABEL = f"{GROUP}/name"
MANAGED_BY = {"app.kubernetes.io/managed-by": "workqueue-operator"}
GRACE_MARGIN_SECONDS = 30
"""Beyond the longest task: to notice SIGTERM, acknowledge, and close."""
STAYS = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Asks those who would empty a node to save money not to end tasks for it; never changes, so that
it costs no write. The user's podTemplate may say otherwise."""

Json = dict[str, Any]


def labels(name: str) -> dict[str, str]:
    """Those of a Deployment and of its pods."""
    return selector(name) | {"app.kubernetes.io/name": "workqueue-worker"} | MANAGED_BY


def selector(name: str) -> dict[str, str]:
    """The labels that find the workers of one WorkQueue; fixed at the Deployment's creation."""
    return {NAME_LABEL: name}


def worker_env(wq: WorkQueue) -> dict[str, str]:
    """The contract with the worker: names and values, no secret among them."""
    always = {
        "WORKQUEUE_QUEUE": wq.queue.name,
        "WORKQUEUE_VHOST": wq.broker.vhost,
        "WORKQUEUE_DEAD_LETTER_QUEUE": wq.queue.dead_letter_name or "",
        "WORKQUEUE_BROKER_DIR": BROKER_DIR,
        "WORKQUEUE_HANDLER": json.dumps(wq.worker.handler, sort_keys=True),
        "WORKQUEUE_MAX_ATTEMPTS": str(wq.worker.max_attempts),
        "WORKQUEUE_TASK_TIMEOUT_SECONDS": str(wq.worker.task_timeout_seconds),
        "WORKQUEUE_PREFETCH": str(wq.worker.prefetch),
        "WORKQUEUE_PROBE_PORT": str(PROBE_PORT),
    }
    return always | _optional_env(wq)


def _optional_env(wq: WorkQueue) -> dict[str, str]:
    """Only what was asked for: a new name would roll the pods of everybody else."""
    worker = wq.worker
    asked = {
        "WORKQUEUE_ISOLATION": worker.isolation,
        "WORKQUEUE_SOFT_TIMEOUT_SECONDS": worker.soft_timeout_seconds,
        "WORKQUEUE_RETRY_DELAYS_SECONDS": ",".join(map(str, worker.retry_delays_seconds)) or None,
        "WORKQUEUE_MAX_CRASHES": worker.max_crashes,
        "WORKQUEUE_TLS_DIR": TLS_DIR if wq.broker.ca_secret_name else None,
    }
    return {name: str(value) for name, value in asked.items() if value is not None}


def pod_template(wq: WorkQueue, *, runtime_image: str) -> Json:
    """The template, the user's merged into it.

    Raises:
        PodTemplateRefusedError: the user's podTemplate sets a field of ours.
        InvalidSpecError: it is no pod template.
        RuntimeImageMissingError: the worker runs beside the user's image, and nobody said which.
    """
    worker = wq.worker
    podtemplate.check(worker.pod_template, own_consumer=worker.brings_own_consumer)
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The kernel drops a SIGTERM that process 1 does not handle, or not yet: a worker told
        # to leave as it starts would stay for its whole grace period. With this it is no
        # process 1, and just ends.
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": worker.task_timeout_seconds + GRACE_MARGIN_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(wq, runtime_image)],
        "volumes": _volumes(wq),
    }
    if worker.has_server:
        podtemplate.check_server(worker.pod_template)
        spec["initContainers"] = [_server(worker)]
    ours = {"metadata": {"labels": labels(wq.name), "annotations": STAYS}, "spec": spec}
    merged: Json = podtemplate.merge(ours, worker.pod_template)
    return merged


def _volumes(wq: WorkQueue) -> Sequence[Json]:
    ca = wq.broker.ca_secret_name
    tls: list[Json] = [{"name": TLS_VOLUME, "secret": {"secretName": ca}}] if ca else []
    broker = {"name": BROKER_VOLUME, "secret": {"secretName": wq.worker.broker_secret_name}}
    return [broker, *tls, {"name": "tmp", "emptyDir": {}}]


_COMMON: Json = {
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
    # The last lines of a crash stand in the pod's status, and need no right to read logs.
    "terminationMessagePolicy": "FallbackToLogsOnError",
}
_TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the only place it may write


def _container(wq: WorkQueue, runtime_image: str) -> Json:
    env: list[Json] = [{"name": name, "value": value} for name, value in worker_env(wq).items()]
    pod_name = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    mounts: list[Json] = [{"name": BROKER_VOLUME, "mountPath": BROKER_DIR, "readOnly": True}]
    if wq.broker.ca_secret_name:
        mounts.append({"name": TLS_VOLUME, "mountPath": TLS_DIR, "readOnly": True})
    container: Json = _COMMON | {
        "name": CONTAINER,
        "image": _image(wq.worker, runtime_image),
        "env": [*env, {"name": "WORKQUEUE_POD_NAME", "valueFrom": pod_name}],
        "volumeMounts": [*mounts, _TMP],
    }
    return container if wq.worker.brings_own_consumer else container | _RUNTIME


def _image(worker: Worker, runtime_image: str) -> str:
    if not worker.has_server:
        return worker.image
    if not runtime_image:
        raise RuntimeImageMissingError(worker.image)
    return runtime_image


def _server(worker: Worker) -> Json:
    """The user's own server: it starts before the worker and ends after it (a native sidecar).

    No probe: the kubelet would ask at the pod's address, and a server may well listen at 127.0.0.1
    alone. The worker asks there itself, and takes no task before somebody listens.
    """
    port = worker.handler["http"]["port"]
    return _COMMON | {
        "name": SERVER,
        "image": worker.image,
        "restartPolicy": "Always",
        "ports": [{"name": SERVER, "containerPort": port, "protocol": "TCP"}],
        "volumeMounts": [_TMP],
    }


_RUNTIME: Json = {
    # Named here and not left to the image: an image without it fails at once, and says so.
    "command": ["workqueue-worker"],
    "ports": [{"name": PROBE_PORT_NAME, "containerPort": PROBE_PORT, "protocol": "TCP"}],
    "readinessProbe": {
        "httpGet": {"path": "/readyz", "port": PROBE_PORT_NAME},
        "periodSeconds": 1,
        "failureThreshold": 3,
        "timeoutSeconds": 2,
    },
    "livenessProbe": {
        "httpGet": {"path": "/healthz", "port": PROBE_PORT_NAME},
        "periodSeconds": 10,
        "failureThreshold": 6,
        "timeoutSeconds": 5,
    },
}
