"""Publish tasks with the producer's Job, as a user would."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kit.kube import Json, Kube, wait_for
from kit.ledger import _SAFE
from workqueue_operator.core.errors import ApiError

Task = Mapping[str, Any]


def tasks(count: int, *, seconds: float, first: int = 0, then: str = "ok") -> Sequence[Task]:
    """Tasks for ledger_handler, numbered from `first`."""
    return [{"n": first + i, "seconds": seconds, "then": then} for i in range(count)]


def publish(
    kube: Kube, name: str, these: Sequence[Task], *, queue: str, vhost: str, image: str
) -> Json:
    """Run the Job to its end and return the producer's own summary.

    Raises:
        TooLateError, AssertionError: it did not end well.
    """
    start(kube, name, these, queue=queue, vhost=vhost, image=image)
    return finish(kube, name)


def finish(kube: Kube, name: str) -> Json:
    """Wait for the Job's end, as publish does."""
    job = wait_for(f"Job {name} to end", lambda: _ended(kube, name), seconds=120)
    summary = _summary(kube, name)
    if not any(each["type"] == "Complete" for each in job["status"]["conditions"]):
        raise AssertionError(f"Job {name} failed: {summary}")
    return summary


def start(
    kube: Kube, name: str, these: Sequence[Task], *, queue: str, vhost: str, image: str
) -> None:
    """Create the ConfigMap and the Job, and return at once."""
    lines = "".join(json.dumps(task) + "\n" for task in these)
    meta = {"name": name}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"tasks": lines}}
    kube.apply(config, _job(name, queue=queue, vhost=vhost, image=image))


def _ended(kube: Kube, name: str) -> Json | None:
    job = kube.need("Job", name)
    ends = {"Complete", "Failed"}
    found = job.get("status", {}).get("conditions", ())
    return job if any(each["type"] in ends and each["status"] == "True" for each in found) else None


def _summary(kube: Kube, name: str) -> Json:
    pods = kube.list("Pod", labelSelector=f"job-name={name}")
    place = f"/api/v1/namespaces/{kube.namespace}/pods/{pods[0]['metadata']['name']}/log"
    try:
        # The log of a container that prints one JSON line is itself JSON.
        return dict(kube.api.request("GET", place, query={"tailLines": "1"}))
    except ApiError as error:
        raise AssertionError(f"no summary in the log of Job {name}: {error}") from error


def _job(name: str, *, queue: str, vhost: str, image: str) -> Json:
    container = {
        "name": "producer",
        "image": image,
        "args": ["publish", "--file", "/tasks/tasks", "--output", "json"],
        "env": [
            {"name": "WORKQUEUE_QUEUE", "value": queue},
            {"name": "WORKQUEUE_VHOST", "value": vhost},
            {"name": "WORKQUEUE_BROKER_DIR", "value": "/var/run/workqueue/broker"},
        ],
        "securityContext": _SAFE,
        "volumeMounts": [
            {"name": "tasks", "mountPath": "/tasks"},
            {"name": "broker", "mountPath": "/var/run/workqueue/broker"},
            {"name": "tls", "mountPath": "/etc/workqueue/tls"},
        ],
    }
    pod = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "tasks", "configMap": {"name": name}},
            {"name": "broker", "secret": {"secretName": "rabbitmq"}},
            {"name": "tls", "secret": {"secretName": "rabbitmq-ca", "optional": True}},
        ],
    }
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
