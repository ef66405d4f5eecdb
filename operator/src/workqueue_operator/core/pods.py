"""What keeps worker pods from being ready, told from the pods themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workqueue_operator.core.containers import (
    Container,
    containers,
    is_ready,
    seconds_since,
)

RUNTIME_COMMAND = "workqueue-worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A reason for a condition, and a sentence with the way out.

    few: more workers than this would have the same trouble, and above it they may be fewer; None:
    whether more would help is told by the reason.
    """

    reason: str
    message: str
    few: int | None = None

    @property
    def limits(self) -> bool:
        """More workers would be no help."""
        return self.few is not None or self.reason in LIMITING


LIMITING_AFTER_SECONDS = 10.0
"""Trouble of this age keeps the number from growing; a node may just be starting."""
SLOW_AFTER_SECONDS = 60.0
"""A container that has run for so long should be ready."""

LIMITING = frozenset(
    {
        "WorkersUnschedulable",
        "ImagePullFailed",
        "WorkerRuntimeMissing",
        "WorkersNotStarting",
        "PodsRefused",
        "RedeliveryStorm",
    }
)
"""Trouble that more workers would have as well."""

DEGRADING = frozenset({"WorkersCrashing", "WorkersNotReady", "RedeliveryStorm"})
"""Trouble of workers that run, and do not do their work."""


def refused(message: str) -> Trouble:
    """The API server lets no more pods in: a quota, a limit, a policy. message: its words."""
    return Trouble(
        reason="PodsRefused",
        message=f"the cluster takes no more worker pods: {message}. Raise the quota, or lower what "
        f"a worker asks for in spec.worker.podTemplate",
    )


def is_being_made(pods: Sequence[Mapping[str, Any]]) -> bool:
    """One waits for what it mounts, or for its network. Its status does not tell for which."""
    waiting = (each.waiting.get("reason") for pod in pods for each in containers(pod))
    return any(reason == "ContainerCreating" for reason in waiting)


def without_secret(message: str) -> Trouble:
    """A Secret that pods mount is missing. message: which, and what to do."""
    return Trouble(reason="WorkersNotStarting", message=f"the workers wait for it: {message}")


def diagnose(pods: Sequence[Mapping[str, Any]], *, now: datetime) -> Trouble | None:
    """The first trouble among these pods (as the API server lists them), or None.

    A pod that is ready has none, whatever happened to it before; one that leaves is let go.
    """
    concerned = (pod for pod in pods if not _is_well(pod))
    first = next((trouble for pod in concerned for trouble in _troubles(pod)), None)
    return first or _slow(pods, now)


def _is_well(pod: Mapping[str, Any]) -> bool:
    return is_ready(pod) or "deletionTimestamp" in pod["metadata"]


def _troubles(pod: Mapping[str, Any]) -> Iterator[Trouble]:
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            words = condition.get("message", "no reason given")
            message = f"pod {pod['metadata']['name']} has no node: {words}"
            yield Trouble(reason="WorkersUnschedulable", message=message)
    for container in containers(pod):
        trouble = _container_trouble(container)
        if trouble:
            yield trouble


def _container_trouble(container: Container) -> Trouble | None:
    # Not only "not found": an image of that name that cannot be pulled is another trouble.
    if RUNTIME_COMMAND in container.words and "executable file" in container.words:
        return Trouble(
            reason="WorkerRuntimeMissing",
            message=f"the image {container.image} has no {RUNTIME_COMMAND}: build it FROM the "
            f"workqueue-worker image, or set handler: {{own: {{}}}} if it brings its own consumer",
        )
    waits_for = container.waiting.get("reason", "")
    if waits_for in _WAITING:
        detail = container.waiting.get("message", waits_for)
        message = f"{container.where}: {waits_for}: {detail}"
        return Trouble(reason=_WAITING[waits_for], message=message)
    if container.crashes:
        return Trouble(reason="WorkersCrashing", message=container.story())
    return None


def _slow(pods: Sequence[Mapping[str, Any]], now: datetime) -> Trouble | None:
    """A container that runs for long, and is not ready. Where no worker is, no more would be."""
    slow = (
        (each, seconds)
        for pod in pods
        if not _is_well(pod)
        for each in containers(pod)
        if (seconds := seconds_since(each.running_since, now)) >= SLOW_AFTER_SECONDS
        and not each.ready
    )
    found = next(slow, None)
    if found is None:
        return None
    container, seconds = found
    return Trouble(
        reason="WorkersNotReady",
        message=f"{container.where} has run for {seconds // 60 * 60:.0f} s or more and is not "
        f"ready: see kubectl logs {container.pod} -c {container.name}",
        few=None if any(is_ready(pod) for pod in pods) else len(pods),
    )


_WAITING = {
    "ErrImagePull": "ImagePullFailed",
    "ImagePullBackOff": "ImagePullFailed",
    "InvalidImageName": "ImagePullFailed",
    "ErrImageNeverPull": "ImagePullFailed",
    "CreateContainerConfigError": "WorkersNotStarting",
    "CreateContainerError": "WorkersNotStarting",
    "RunContainerError": "WorkersNotStarting",
}
