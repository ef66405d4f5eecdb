"""What keeps worker pods from being ready, told from the pods themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.core.podtemplate import CONTAINER

RUNTIME_COMMAND = "workqueue-worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A reason for a condition, and a sentence with the way out."""

    reason: str
    message: str


LIMITING_AFTER_SECONDS = 10.0
"""Trouble of this age keeps the number from growing; a node may just be starting."""

LIMITING = frozenset(
    {
        "WorkersUnschedulable",
        "ImagePullFailed",
        "WorkerRuntimeMissing",
        "WorkersNotStarting",
        "PodsRefused",
    }
)
"""Trouble that more workers would have as well."""


def refused(message: str) -> Trouble:
    """The API server lets no more pods in: a quota, a limit, a policy. message: its words."""
    return Trouble(
        reason="PodsRefused",
        message=f"the cluster takes no more worker pods: {message}. Raise the quota, or lower what "
        f"a worker asks for in spec.worker.podTemplate",
    )


def diagnose(pods: Sequence[Mapping[str, Any]]) -> Trouble | None:
    """The first trouble among these pods (as the API server lists them), or None.

    A pod that is ready has none, whatever happened to it before; one that leaves is let go.
    """
    concerned = (pod for pod in pods if not _is_well(pod))
    return next((trouble for pod in concerned for trouble in _troubles(pod)), None)


def _is_well(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready or "deletionTimestamp" in pod["metadata"]


def _troubles(pod: Mapping[str, Any]) -> Iterator[Trouble]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            message = f"pod {name} has no node: {condition.get('message', 'no reason given')}"
            yield Trouble(reason="WorkersUnschedulable", message=message)
    for container in status.get("containerStatuses", ()):
        if container["name"] == CONTAINER:
            trouble = _container_trouble(name, container)
            if trouble:
                yield trouble


def _container_trouble(pod: str, container: Mapping[str, Any]) -> Trouble | None:
    state = container.get("state", {})
    waiting = state.get("waiting", {})
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated") or {}
    words = f"{waiting.get('message', '')} {ended.get('message', '')}"
    # Not only "not found": an image of that name that cannot be pulled is another trouble.
    if RUNTIME_COMMAND in words and "executable file" in words:
        return Trouble(
            reason="WorkerRuntimeMissing",
            message=f"the image {container['image']} has no {RUNTIME_COMMAND}: build it FROM the "
            f"workqueue-worker image, or set handler: {{own: {{}}}} if it brings its own consumer",
        )
    reason = waiting.get("reason", "")
    if reason in _WAITING:
        detail = waiting.get("message", reason)
        return Trouble(reason=_WAITING[reason], message=f"pod {pod}: {reason}: {detail}")
    if reason == "CrashLoopBackOff" or (ended and container.get("restartCount", 0) > 1):
        exit_code = ended.get("exitCode", "unknown")
        cause = ended.get("reason", "Error")
        return Trouble(
            reason="WorkersCrashing",
            message=f"pod {pod} ends with exit code {exit_code} ({cause}), restarted "
            f"{container.get('restartCount', 0)} times: see kubectl logs --previous {pod}",
        )
    return None


_WAITING = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "InvalidImageName": "ImagePullFailed",
    "ErrImageNeverPull": "ImagePullFailed",
    "CreateContainerConfigError": "WorkersNotStarting",
    "CreateContainerError": "WorkersNotStarting",
    "RunContainerError": "WorkersNotStarting",
}
