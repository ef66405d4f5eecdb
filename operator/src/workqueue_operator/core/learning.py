"""What DrainSeconds reckons with: seconds per task, seconds to start, tasks that arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from workqueue_operator.core.estimate import Estimate
from workqueue_operator.core.flow import Flow

FIRST_START_SECONDS = 5.0
"""The first guess of how long a worker takes to start."""

_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Seconds are above 0 and finite. Samples: 0 means that it is the first guess."""

    task_seconds: float
    task_samples: int
    start_seconds: float
    start_samples: int
    arrivals_per_second: float | None  # None: unknown

    @classmethod
    def guess(cls, *, task_seconds: float) -> Self:
        """Before anything was measured."""
        return cls(
            task_seconds=task_seconds,
            task_samples=0,
            start_seconds=FIRST_START_SECONDS,
            start_samples=0,
            arrivals_per_second=None,
        )

    def to_status(self) -> dict[str, Any]:
        """status.learned; rounded, so that what hardly moved is no reason for a write."""
        told: dict[str, Any] = {
            "taskSeconds": _rounded(self.task_seconds),
            "taskSamples": self.task_samples,
            "startSeconds": _rounded(self.start_seconds),
            "startSamples": self.start_samples,
        }
        if self.arrivals_per_second is not None:
            told["arrivalsPerSecond"] = _rounded(self.arrivals_per_second)
        return told


@dataclass(slots=True)
class Learner:
    """Of one WorkQueue. now: monotonic seconds. Whatever it is told, `learned` stays usable."""

    task: Estimate = field(default_factory=Estimate)
    start: Estimate = field(default_factory=Estimate)
    flow: Flow = field(default_factory=Flow)

    @classmethod
    def from_status(cls, status: Mapping[str, Any]) -> Self:
        """Go on with what status.learned says, as far as it was measured."""
        learner = cls()
        for name, estimate in (("task", learner.task), ("start", learner.start)):
            seconds, samples = status.get(f"{name}Seconds"), status.get(f"{name}Samples", 0)
            if seconds is not None:
                estimate.go_on(seconds, samples=samples)  # without a sample it stays a guess
        return learner

    @property
    def is_new(self) -> bool:
        """No task was measured."""
        return self.task.samples == 0

    def learn_tasks(self, *, tasks: int, busy_seconds: float, now: float) -> None:
        """So many tasks took so many seconds of workers, together: one measurement."""
        if tasks > 0:
            self.task.learn(busy_seconds / tasks, weight=tasks, now=now)

    def learn_start(self, *, seconds: float, now: float) -> None:
        """A pod took so long from its creation until it was ready."""
        self.start.learn(seconds, weight=1, now=now)

    def learn_flow(self, *, backlog: int, busy: float, now: float) -> None:
        """One Known reading. backlog: tasks waiting and in work; busy: workers that work."""
        self.flow.learn(backlog=backlog, busy=busy, now=now)

    def forget_flow(self) -> None:
        """Nothing is known for a while: what arrived meanwhile is not to be reckoned."""
        self.flow.forget()

    def learned(self, *, first_guess_seconds: float) -> Learned:
        """All of it, with the first guess as far as it still weighs."""
        task_seconds = self.task.with_guess(first_guess_seconds)
        return Learned(
            task_seconds=task_seconds,
            task_samples=self.task.samples,
            start_seconds=self.start.with_guess(FIRST_START_SECONDS),
            start_samples=self.start.samples,
            arrivals_per_second=self.flow.arrivals_per_second(task_seconds=task_seconds),
        )


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")
