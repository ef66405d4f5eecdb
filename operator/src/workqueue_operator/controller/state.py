"""What the controller remembers of one WorkQueue between steps; all of it can be lost."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workqueue_operator.controller.counters import Counters
from workqueue_operator.controller.leaving import Leaving
from workqueue_operator.controller.rest import Rest
from workqueue_operator.controller.succession import Succession
from workqueue_operator.controller.watches import Target
from workqueue_operator.core.deadcount import DeadCount
from workqueue_operator.core.decision import Census, Decision, Rules, Seen
from workqueue_operator.core.hints import Look
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import busy_workers, in_work, learn_flow
from workqueue_operator.core.learning import Learned, Learner
from workqueue_operator.core.pods import LIMITING_AFTER_SECONDS, Trouble
from workqueue_operator.core.policy import learn
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Known, Reading, Unknown
from workqueue_operator.core.schedule import ActiveFloor
from workqueue_operator.core.status import Condition
from workqueue_operator.core.storm import STORM
from workqueue_operator.core.victims import Worker
from workqueue_operator.core.workerpod import GRACE_MARGIN_SECONDS
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import DeploymentState, Json

STALE_READING_SECONDS = 30.0
ROLLOUT_PATIENCE_SECONDS = 600.0
"""A rollout that is stuck for longer holds up no step down (the Deployment's own deadline)."""


@dataclass(slots=True)
class Deliveries:
    """What some workers of one WorkQueue said of what was delivered to them."""

    due: float  # when they are to be asked again; monotonic
    heard_at: float  # when any of them, or the broker, last told anything; monotonic
    told: dict[str, tuple[int, int]] = field(default_factory=dict)  # by process


@dataclass(frozen=True, slots=True)
class Tended:
    """When a WorkQueue is looked after next, for what, and what was said. due: monotonic."""

    what: tuple[object, ...]
    due: float
    said: Sequence[Condition] = ()


@dataclass(slots=True)
class ObjectState:
    """Guarded by `lock`; steps of one object never overlap, but readings arrive in between."""

    wq: WorkQueue
    awaited_since: float = float("-inf")  # the first reading of its queue; monotonic
    lock: threading.RLock = field(default_factory=threading.RLock)
    history: History = field(default_factory=History)
    learner: Learner | None = None  # for DrainSeconds
    counters: Counters | None = None  # of workers that are sampled for it
    floor: ActiveFloor | None = None
    reading: Reading | None = None
    target: Target | None = None
    succession: Succession = field(default_factory=Succession)
    declared: tuple[str, Queue] | None = None  # address and queue, as the broker or status said
    tended: Tended | None = None
    dead: DeadCount = field(default_factory=DeadCount)
    overseen: Sequence[Condition] = ()  # what was said last of consumers of the image's own
    oversee_at: float | None = None  # monotonic; None while there are none
    check_at: float | None = None  # status said so: then the broker is asked, too; monotonic
    deployment: DeploymentState | None = None
    had_deployment: bool = False
    our_generation: int | None = None  # of the Deployment, after our last write
    rolling_since: float | None = None
    last_shrink: float | None = None
    census: Census | None = None
    census_at: float = float("-inf")
    roll: Sequence[Worker] = ()  # who was asked in that census, and stays
    looks: Sequence[Look] = ()  # at consumers that only the broker can tell of
    leaving: Leaving | None = None  # a step down that has begun
    grew_at: float = float("-inf")  # from some workers to more; monotonic
    deliveries: Deliveries | None = None  # after that
    storm: Trouble | None = None  # of redeliveries
    trouble: Trouble | None = None
    trouble_since: float = float("inf")
    looked_at: float | None = None  # at pods that are not ready
    unready_since: float = float("inf")
    ready_at_look: int = 0
    decided: Decision | None = None  # as last told
    decided_at: float = float("-inf")
    decided_on: int | None = None  # spec.replicas then; None: there was no Deployment
    rest: Rest | None = None
    quiet_until: float = float("-inf")  # a step failed: until then the same readings ask for none
    status: Mapping[str, Any] = field(default_factory=dict)  # as last written
    status_at: float = float("-inf")
    scaled_at: str | None = None
    untold: list[Json] = field(default_factory=list)  # events that were put off
    silent_since: float | None = None  # telling was put off; monotonic
    problem: str | None = None  # the reason last told in an event
    knows_problem: bool = False  # else a process before this one may have told of one
    scaled: Counter[tuple[str, str]] = field(default_factory=Counter)  # by direction and reason
    failures: int = 0
    let_go: bool = False  # deletion is done with

    @property
    def rules(self) -> Rules:
        """The part of the object that a decision depends on."""
        wq = self.wq
        return Rules(scaling=wq.scaling, prefetch=wq.worker.prefetch, queue_type=wq.queue.type)

    def seen(self, now: float) -> Seen | None:
        """One look at the world; None before the first reading. now: monotonic seconds."""
        if self.reading is None:
            return None
        live = self.deployment
        census = self.census
        if census is not None:
            census = replace(census, age_seconds=now - self.census_at)
        rolling = self.is_rolling(now)
        return Seen(
            reading=self._fresh_reading(self.reading, now),
            wanted=self.wanted(),
            current=live.current if live else 0,
            ready=live.ready if live else 0,
            rolling=rolling,
            may_drain=rolling or now < self.drained_at(),
            census=census,
            learned=self.learned(),
            floor=self.floor,
            limited=self._limited(now),
        )

    def unacked_at_most(self, now: float) -> int | None:
        """How many tasks may be in work, where nobody ever counts them; None elsewhere."""
        seen, own = self.seen(now), self.wq.worker.brings_own_consumer
        if seen is None or not isinstance(seen.reading, Known) or not own:
            return None
        known = seen.reading
        bound = in_work(seen, known, self.wq.worker.prefetch).most
        return bound if known.unacked is None else None

    def learn(self, seen: Seen, now: float) -> None:
        """Put what was seen into everything that remembers."""
        learn(self.rules, seen, self.history, now=now)
        if self.learner is not None:
            learn_flow(self.learner, seen, self.wq.worker.prefetch, now=now)

    def keep_learner(self) -> None:
        """Have one as long as the target asks for it; it goes on with what the status says."""
        if self.wq.scaling.target.metric != "DrainSeconds":
            self.learner = None
        elif self.learner is None:
            self.learner = Learner.from_status(self.wq.status.get("learned", {}))

    def learned(self) -> Learned | None:
        """What DrainSeconds reckons with; None for every other target."""
        if self.learner is None:
            return None
        guess = self.wq.scaling.target.expected_task_seconds
        return self.learner.learned(first_guess_seconds=guess)

    def learn_trouble(self, trouble: Trouble | None, now: float) -> None:
        """What keeps pods from being ready, and since when it is that."""
        if trouble is None:
            self.trouble_since = float("inf")
        elif self.trouble is None or self.trouble.reason != trouble.reason:
            self.trouble_since = now
        self.trouble = trouble

    def remember(self, trouble: Trouble | None) -> None:
        """What kept more workers from being any help before this process began."""
        if trouble is not None and trouble.reason == STORM:
            self.storm = trouble
        elif trouble is not None:
            self.trouble, self.trouble_since = trouble, float("-inf")

    def _limited(self, now: float) -> Trouble | None:
        """What keeps more workers from being any help, once it has lasted."""
        trouble = self.trouble
        lasted = now - self.trouble_since >= LIMITING_AFTER_SECONDS
        return trouble if trouble and lasted and trouble.limits else self.storm

    def busy(self, now: float) -> int | None:
        """How many workers hold a task; None while that is not known."""
        seen = self.seen(now)
        if seen is None or not isinstance(seen.reading, Known):
            return None
        return busy_workers(seen, seen.reading, self.wq.worker.prefetch)

    def wanted(self) -> int:
        """The number that stands: of the Deployment, or what was last decided for it."""
        if self.deployment is not None:
            return self.deployment.replicas
        told = (self.status or self.wq.status).get("workers", {}).get("desired")
        if told is not None:
            return int(told)
        # A new one under Hold or Advise starts with its minimum, any other comes up from nothing.
        kept = self.wq.scaling.mode in {"Hold", "Advise"}
        return self.wq.scaling.min_workers if kept else 0

    def learn_deployment(self, live: DeploymentState | None, now: float) -> None:
        """Remember what the API server said, and for how long pods have been replaced.

        The watch may lag behind our own last write: what is older than that is no news.
        """
        ours = self.deployment
        if live is None:
            self.our_generation = None
        elif ours and live.uid == ours.uid and live.generation < ours.generation:
            return
        self.deployment = live
        self.had_deployment = self.had_deployment or live is not None
        rolling = live is not None and is_rolling(live)
        if not rolling:
            self.rolling_since = None
        elif self.rolling_since is None:
            self.rolling_since = now

    def is_rolling(self, now: float) -> bool:
        """Pods are being replaced, and that has not been stuck for long."""
        since = self.rolling_since
        return since is not None and now - since < ROLLOUT_PATIENCE_SECONDS

    def drained_at(self) -> float:
        """When nobody of an earlier step down can be left. Monotonic seconds."""
        if self.last_shrink is None:
            return float("-inf")
        return self.last_shrink + self.wq.worker.task_timeout_seconds + GRACE_MARGIN_SECONDS

    def _fresh_reading(self, reading: Reading, now: float) -> Reading:
        age = now - reading.at
        if age <= STALE_READING_SECONDS:
            return reading
        why = f"the last reading is {age:.0f} s old"
        return Unknown(reason="ReadingStale", why=why, at=now)


def is_rolling(live: DeploymentState) -> bool:
    """Pods of an older template are still there (a change of replicas alone is no rollout)."""
    return live.updated < live.current
