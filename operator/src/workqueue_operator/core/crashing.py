"""The guard against crash loops: where no worker works, more of them only eat deliveries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from workqueue_operator.core.containers import containers, ready_since, seconds_since
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.podtemplate import CONTAINER

FEW = 3
"""So many show as well as fifty whether it is mended."""
PROVEN_SECONDS = 60.0
"""Ready for so long, a worker is believed to work even if nobody knows of a task it finished."""

Pods = Sequence[Mapping[str, Any]]


def crash(pods: Pods) -> bool:
    """Whether any of them ends again and again: then it is worth asking who works."""
    return any(container.crashes for pod in pods for container in containers(pod))


def guard(pods: Pods, finished: Collection[str], *, now: datetime) -> Trouble | None:
    """The trouble, while some crash and none works; those that leave are not among `pods`.

    finished: names of the pods whose worker has finished a task since its process started. A
    worker that dies of its first task is ready for a moment, so that alone proves nothing.
    """
    crashed = [each for pod in pods for each in containers(pod) if each.crashes]
    if not crashed or any(_works(pod, finished, now) for pod in pods):
        return None
    worst = max(crashed, key=lambda each: each.restarts)
    running = sum(1 for pod in pods if _runs(pod))
    return Trouble(
        reason="WorkersCrashing",
        message=f"no worker has finished a task since they began to crash: {worst.story()}",
        few=max(FEW, running),
    )


def known_by_name(guarded: Trouble | None, named: Trouble | None) -> Trouble | None:
    """Of what the guard and the diagnosis found, the one that tells the cure."""
    if guarded is None or named is None:
        return guarded or named
    if named.reason == "WorkerRuntimeMissing":
        return replace(named, few=guarded.few)
    return guarded


def remembered(status: Mapping[str, Any]) -> Trouble | None:
    """What kept the number of workers small, as the process before this one told in the status.

    It holds until the pods are looked at: else each restart would send all into the same crash.
    """
    true = {each["type"]: each for each in status.get("conditions", ()) if each["status"] == "True"}
    degraded, limited = true.get("Degraded"), true.get("ScalingLimited")
    if degraded is None or limited is None or limited["reason"] != degraded["reason"]:
        return None
    reason, few = str(degraded["reason"]), max(FEW, status.get("workers", {}).get("desired", 0))
    return Trouble(reason=reason, message=str(degraded["message"]), few=few)


def _runs(pod: Mapping[str, Any]) -> bool:
    """It may hold a task at this moment."""
    return any(each.running_since for each in containers(pod) if each.name == CONTAINER)


def _works(pod: Mapping[str, Any], finished: Collection[str], now: datetime) -> bool:
    since = ready_since(pod)
    if since is None:
        return False
    return pod["metadata"]["name"] in finished or seconds_since(since, now) >= PROVEN_SECONDS
