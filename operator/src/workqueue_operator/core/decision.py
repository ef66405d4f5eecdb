"""The words of a decision: what was seen, by which rules, and what follows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from workqueue_operator.core.learning import Learned
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.scaling import Scaling
from workqueue_operator.core.schedule import ActiveFloor

CENSUS_FRESH_SECONDS = 1.0
"""A census older than this removes nobody."""
CENSUS_RECENT_SECONDS = 6.0
"""A census older than this says nothing any more; while some may drain it is taken every 5 s."""


class Reason(StrEnum):
    """Why a decision is what it is."""

    BACKLOG_GREW = "BacklogGrew"
    BACKLOG_SHRANK = "BacklogShrank"
    DRAINED = "Drained"
    BELOW_MINIMUM = "BelowMinimum"
    SCHEDULED_FLOOR = "ScheduledFloor"
    ABOVE_MAXIMUM = "AboveMaximum"
    SHRINKING_BLIND = "ShrinkingBlind"
    IDLE = "Idle"
    BELOW_ACTIVATION = "BelowActivation"
    STEADY = "Steady"
    AT_MAXIMUM = "AtMaximum"
    WAITING_TO_GROW = "WaitingToGrow"
    COOLING_DOWN = "CoolingDown"
    STAYING_WARM = "StayingWarm"
    WORKERS_BUSY = "WorkersBusy"
    ROLLOUT = "RolloutInProgress"
    SCALING_LIMITED = "ScalingLimited"
    HELD = "Held"
    HELD_DOWN = "HeldDown"
    HELD_UP = "HeldUp"
    FIXED = "Fixed"
    ADVISED = "Advised"
    READING_UNKNOWN = "ReadingUnknown"
    QUEUE_MISSING = "QueueMissing"
    ZERO_NOT_BELIEVED = "ZeroNotBelieved"
    UNKNOWN_FLOOR = "UnknownFloor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What the worker pods themselves said just now; draining ones are not counted as busy."""

    busy_workers: int
    tasks: int  # held by workers that stay
    silent: int  # pods that stay and did not answer
    draining_tasks: int
    staying_pods: int
    draining_pods: int
    age_seconds: float

    def has_settled(self, wanted: int) -> bool:
        """Nobody of an earlier step down is left."""
        return self.draining_pods == 0 and self.staying_pods <= wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at the world."""

    reading: Reading
    wanted: int  # spec.replicas, or what was last decided when there is no Deployment
    current: int  # pods that exist and are not terminating
    ready: int
    rolling: bool  # pods of another template are being replaced
    may_drain: bool  # pods of an earlier step down may still finish a task
    census: Census | None
    learned: Learned | None = None  # for DrainSeconds
    floor: ActiveFloor | None = None  # the highest of the windows that are open
    limited: Trouble | None = None  # why more workers would not help

    @property
    def fresh_census(self) -> Census | None:
        """The census, if it is young enough to decide on."""
        return self._census_within(CENSUS_FRESH_SECONDS)

    @property
    def recent_census(self) -> Census | None:
        """The census, if it still says something."""
        return self._census_within(CENSUS_RECENT_SECONDS)

    def _census_within(self, seconds: float) -> Census | None:
        census = self.census
        return census if census and census.age_seconds <= seconds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The part of a WorkQueue that a decision depends on."""

    scaling: Scaling
    prefetch: int
    queue_type: Literal["Quorum", "Classic"]

    @property
    def window_seconds(self) -> float:
        """How long a lower need must last."""
        return float(self.scaling.scale_down.stabilization_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How many workers should run, and why.

    ask: the answer may change once the workers have said who is busy; `workers` is what is safe
    meanwhile. "now" for a step up, which is urgent; "soon" for a step down.
    advised: what mode Advise would run; None in every other mode.
    again_seconds: after so long the same question may get another answer, with no reading to
    show it; None: readings come, or time alone changes nothing.
    """

    workers: int
    reason: Reason
    message: str
    ask: Literal["now", "soon"] | None = None
    advised: int | None = None
    again_seconds: float | None = None
