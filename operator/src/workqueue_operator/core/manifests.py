"""The Deployment of a WorkQueue, and the two digests that tell what changed."""

import hashlib
import json
from typing import Any

from workqueue_operator.core.workerpod import labels, pod_template, selector
from workqueue_operator.core.workqueue import GROUP, KIND, VERSION, WorkQueue

SPEC_HASH = f"{GROUP}/spec-hash"
RENDERING = f"{GROUP}/rendering"

Json = dict[str, Any]


def deployment(wq: WorkQueue, *, replicas: int, runtime_image: str = "") -> Json:
    """Render the whole Deployment, replicas in it: an apply that omits them would make it 1.

    runtime_image: the worker's, where the user's image does not hold it; "" where nobody said.

    Raises:
        PodTemplateRefusedError, InvalidSpecError, RuntimeImageMissingError: as pod_template.
    """
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": selector(wq.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _ROLLING},
        "template": pod_template(wq, runtime_image=runtime_image),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": wq.name,
            "namespace": wq.namespace,
            "labels": labels(wq.name),
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
    before = [asked, limits, worker.broker_secret_name, worker.pod_template]
    later = {
        "ca": wq.broker.ca_secret_name,
        "isolation": worker.isolation,
        "soft": worker.soft_timeout_seconds,
        "crashes": worker.max_crashes,
        "retry": worker.retry_delays_seconds or None,
    }
    given = {name: value for name, value in later.items() if value is not None}
    return _digest([*before, given] if given else before)


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


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
