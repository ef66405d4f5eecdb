"""Count who is busy, from what the worker pods said."""

from collections.abc import Iterable
from dataclasses import dataclass

from workqueue_operator.core.decision import Census


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One worker pod. tasks is None when it did not answer."""

    terminating: bool
    running: bool  # its container has started: a pod that has not can hold no task
    tasks: int | None


def count(voices: Iterable[Voice], *, age_seconds: float) -> Census:
    """A worker that leaves counts as draining: its tasks need no other worker."""
    heard = list(voices)
    staying = [voice for voice in heard if not voice.terminating]
    return Census(
        busy_workers=sum(1 for voice in staying if voice.tasks),
        tasks=sum(voice.tasks or 0 for voice in staying),
        silent=sum(1 for voice in staying if voice.running and voice.tasks is None),
        draining_tasks=sum(voice.tasks or 0 for voice in heard if voice.terminating),
        staying_pods=len(staying),
        draining_pods=len(heard) - len(staying),
        age_seconds=age_seconds,
    )
