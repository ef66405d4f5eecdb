"""Who is busy, where only the broker tells, and late: idle is who was idle in two looks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

APART_SECONDS = 6.0
"""The broker's statistics of channels are 2.7 to 6.5 s behind, so two looks closer than this could
both be of the time before a task."""
KEPT_SECONDS = 30.0

Held = Mapping[str, int]
"""Consumer tag -> tasks in work."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was told at one time; monotonic seconds."""

    at: float
    held: Held


def wait_seconds(looks: Sequence[Look], now: float) -> float:
    """Until a look is worth while that says something together with an earlier one."""
    kept = [look.at for look in looks if now - look.at <= KEPT_SECONDS]
    return max(0.0, kept[0] + APART_SECONDS - now) if kept else 0.0


def with_look(looks: Sequence[Look], held: Held, now: float) -> Sequence[Look]:
    """One more; of those before the newest that is old enough is kept, and what came after it."""
    kept = [look for look in looks if now - look.at <= KEPT_SECONDS]
    old = [look for look in kept if now - look.at >= APART_SECONDS]
    return [*old[-1:], *(look for look in kept if look not in old), Look(now, held)]


def tasks_of(pods: Collection[str], looks: Sequence[Look]) -> Mapping[str, int] | None:
    """Pod -> tasks, of those whose consumers were told of in each look; the most of any look.

    A consumer belongs to a pod if its tag begins with the pod's name. None: the looks do not
    reach back far enough.
    """
    if not looks or looks[-1].at - looks[0].at < APART_SECONDS:
        return None
    told = [_by_pod(pods, look.held) for look in looks]
    return {
        pod: max(each[pod] for each in told) for pod in pods if all(pod in each for each in told)
    }


def _by_pod(pods: Collection[str], held: Held) -> Mapping[str, int]:
    found = {pod: [count for tag, count in held.items() if tag.startswith(pod)] for pod in pods}
    return {pod: sum(counts) for pod, counts in found.items() if counts}
