"""A queue, its workers and the operator's loop around the decision, second by second."""

from collections import deque
from dataclasses import dataclass, field, replace

from workqueue_operator.core.census import Voice, count
from workqueue_operator.core.decision import Census, Decision, Rules, Seen
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import learn_flow
from workqueue_operator.core.learning import Learner
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Known, Reading, Unknown

GRACE_SECONDS = 630.0
ASK_AGAIN_SECONDS = {"now": 1.0, "soon": 5.0}


@dataclass(slots=True, kw_only=True)
class World:
    """Workers are numbers: seconds until ready below zero, 0 idle, else seconds left of a task."""

    by: Rules
    task_seconds: int = 5
    start_seconds: int = 3  # of a pod
    late_seconds: int = 0  # how old a reading is when it arrives
    stale_seconds: int = 5  # how much older the broker's count of tasks in work is
    management: bool = True
    answering: bool = True  # whether the workers answer /busy
    down: bool = False  # the broker
    now: float = 0.0
    waiting: int = 0
    published: int = 0
    completed: int = 0
    workers: list[int] = field(default_factory=list)
    draining: list[int] = field(default_factory=list)
    history: History = field(default_factory=History)
    census: Census | None = None
    census_at: float = float("-inf")
    last_shrink: float | None = None
    steps: list[int] = field(default_factory=list)
    learner: Learner = field(default_factory=Learner)
    _counts: deque[int] = field(default_factory=deque)
    _readings: deque[Reading] = field(default_factory=deque)

    def publish(self, tasks: int) -> None:
        self.waiting += tasks
        self.published += tasks

    def tick(self) -> Decision:
        """A second passes, and the operator looks once."""
        self.now += 1
        self._work()
        self._hand_out()
        decision = self._operate()
        self._scale(decision.workers)
        return decision

    def run(self, seconds: int, *, publish: int = 0) -> None:
        for _ in range(seconds):
            self.publish(publish)
            self.tick()

    @property
    def busy(self) -> int:
        return sum(1 for left in self.workers if left > 0)

    def _work(self) -> None:
        done = sum(1 for left in (*self.workers, *self.draining) if left == 1)
        self.completed += done
        if done:
            spent = float(done * self.task_seconds)
            self.learner.learn_tasks(tasks=done, busy_seconds=spent, now=self.now)
        self.workers = [left - 1 if left > 0 else min(left + 1, 0) for left in self.workers]
        self.draining = [left - 1 for left in self.draining if left > 1]

    def _hand_out(self) -> None:
        if self.down:
            return
        for place, left in enumerate(self.workers):
            if left == 0 and self.waiting:
                self.workers[place] = self.task_seconds
                self.waiting -= 1

    def _reading(self) -> Reading:
        self._counts.append(self.busy + len(self.draining))
        while len(self._counts) > self.stale_seconds + 1:
            self._counts.popleft()
        if self.down:
            return Unknown(reason="BrokerUnreachable", why="refused", at=self.now)
        consumers = sum(1 for left in self.workers if left >= 0)
        unacked = self._counts[0] if self.management else None
        return Known(ready=self.waiting, consumers=consumers, unacked=unacked, at=self.now)

    def _operate(self) -> Decision:
        self._readings.append(self._reading())
        while len(self._readings) > self.late_seconds + 1:
            self._readings.popleft()
        reading = self._readings[0]
        decision = self._decide(reading)
        if decision.ask and self.now - self.census_at >= ASK_AGAIN_SECONDS[decision.ask]:
            self._ask()
            decision = self._decide(reading)
        return decision

    def _decide(self, reading: Reading) -> Decision:
        look = self._look(reading)
        learn(self.by, look, self.history, now=self.now)
        learn_flow(self.learner, look, self.by.prefetch, now=self.now)
        return decide(self.by, look, self.history, now=self.now)

    def _look(self, reading: Reading) -> Seen:
        there = len(self.workers)
        drains = self.by.scaling.target.metric == "DrainSeconds"
        age = self.now - self.census_at
        recently = self.last_shrink is not None and self.now - self.last_shrink < GRACE_SECONDS
        return Seen(
            reading=reading,
            wanted=there,
            current=there,
            ready=sum(1 for left in self.workers if left >= 0),
            rolling=False,
            may_drain=recently,
            census=replace(self.census, age_seconds=age) if self.census else None,
            learned=self.learner.learned(first_guess_seconds=1.0) if drains else None,
        )

    def _ask(self) -> None:
        said = [(False, left) for left in self.workers] + [(True, left) for left in self.draining]
        voices = [
            Voice(terminating=gone, running=left >= 0, tasks=int(left > 0))
            if self.answering and left >= 0
            else Voice(terminating=gone, running=left >= 0, tasks=None)
            for gone, left in said
        ]
        self.census, self.census_at = count(voices, age_seconds=0.0), self.now
        if self.census.has_settled(len(self.workers)):
            self.last_shrink = None

    def _scale(self, wanted: int) -> None:
        before = len(self.workers)
        if wanted == before:
            return
        self.steps.append(wanted)
        leaving = self.workers[wanted:]
        self.draining += [left for left in leaving if left > 0]
        self.workers = self.workers[:wanted] + [-self.start_seconds] * (wanted - before)
        if wanted < before:
            self.last_shrink = self.now
