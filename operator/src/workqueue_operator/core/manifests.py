"""The Deployment of a WorkQueue, and the environment of its workers."""

import hashlib
import json
from typing import Any

from workqueue_operator.core import podtemplate
from workqueue_operator.core.podtemplate import (
    BROKER_DIR,
    BROKER_VOLUME,
    CONTAINER,
    PROBE_PORT,
    PROBE_PORT_NAME,
)
from workqueue_operator.core.workqueue import GROUP, KIND, VERSION, WorkQueue

NAME_LABEL = f"{GROUP}/name"
MANAGED_BY = {"app.kubernetes.io/managed-by": "workqueue-operator"}
SPEC_HASH = f"{GROUP}/spec-hash"
RENDERING = f"{GROUP}/rendering"
GRACE_MARGIN_SECONDS = 30
"""Beyond the longest task: to notice SIGTERM, acknowledge, and close."""

Json = dict[str, Any]


def worker_env(wq: WorkQueue) -> dict[str, str]:
    """The contract with the worker: names and values, no secret among them."""
    return {
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


def selector(name: str) -> dict[str, str]:
    """The labels that find the workers of one WorkQueue; fixed at the Deployment's creation."""
    return {NAME_LABEL: name}


def deployment(wq: WorkQueue, *, replicas: int) -> Json:
    """Render the whole Deployment, replicas in it: an apply that omits them would make it 1.

    Raises:
        PodTemplateRefusedError: the user's podTemplate sets a field of ours.
        InvalidSpecError: it is no pod template.
    """
    template = _pod_template(wq)
    labels = selector(wq.name) | {"app.kubernetes.io/name": "workqueue-worker"} | MANAGED_BY
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": selector(wq.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _ROLLING},
        "template": template,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": wq.name,
            "namespace": wq.namespace,
            "labels": labels,
            "annotations": {SPEC_HASH: spec_hash(wq), RENDERING: _digest(spec | {"replicas": 0})},
            "ownerReferences": [_owner(wq)],
        },
        "spec": spec,
    }


def spec_hash(wq: WorkQueue) -> str:
    """Digest of what the user asked of the pods: a change of it is rolled out at once.

    Stable over versions of the operator: built from the user's values, never from what is rendered
    of them. A field that a later version adds may enter only when it is not at its default, or
    every WorkQueue would look changed by its user after the upgrade.
    """
    worker, queue = wq.worker, wq.queue
    asked = [queue.name, queue.dead_letters, wq.broker.vhost, worker.image, worker.handler]
    limits = [worker.max_attempts, worker.task_timeout_seconds, worker.prefetch]
    return _digest([asked, limits, worker.broker_secret_name, worker.pod_template])


# A quarter more pods, none fewer: tasks go on while the image changes.
_ROLLING = {"maxSurge": "25%", "maxUnavailable": 0}


def _owner(wq: WorkQueue) -> Json:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "name": wq.name,
        "uid": wq.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _pod_template(wq: WorkQueue) -> Json:
    podtemplate.check(wq.worker.pod_template, own_consumer=wq.worker.brings_own_consumer)
    labels = selector(wq.name) | {"app.kubernetes.io/name": "workqueue-worker"} | MANAGED_BY
    ours = {
        "metadata": {"labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # The kernel drops a SIGTERM that process 1 does not handle, or not yet: a worker told
            # to leave as it starts would stay for its whole grace period. With this it is no
            # process 1, and just ends.
            "shareProcessNamespace": True,
            "terminationGracePeriodSeconds": (
                wq.worker.task_timeout_seconds + GRACE_MARGIN_SECONDS
            ),
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(wq)],
            "volumes": [
                {"name": BROKER_VOLUME, "secret": {"secretName": wq.worker.broker_secret_name}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }
    merged: Json = podtemplate.merge(ours, wq.worker.pod_template)
    return merged


def _container(wq: WorkQueue) -> Json:
    env: list[Json] = [{"name": name, "value": value} for name, value in worker_env(wq).items()]
    pod_name = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    container: Json = {
        "name": CONTAINER,
        "image": wq.worker.image,
        "env": [*env, {"name": "WORKQUEUE_POD_NAME", "valueFrom": pod_name}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": BROKER_VOLUME, "mountPath": BROKER_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the only place it may write
        ],
    }
    return container if wq.worker.brings_own_consumer else container | _RUNTIME


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


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
