"""Whom a step down meets: 40 busy workers, of which some have finished; five are told to leave.

Before each step all are busy at once, so that the youngest, whom Kubernetes takes by itself, are as
busy as all others; and tasks come while the step is under way.
"""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from bench import markseen
from bench.figures import Figure
from kit.departures import Departure, Departures, Shifts
from kit.kube import wait_for
from kit.story import Story

NAME = "scalein"
WORKERS, FEWER, IDLE, SPARE = 40, 35, 7, 3
TRIALS, PLAIN_TRIALS = 20, 5
SHORTEST_SECONDS, LONGEST_SECONDS = 5, 60
PER_SECOND = 0.3
"""Tasks that come all along, by chance."""


def measure(story: Story) -> list[Figure]:
    """By the operator, and by a plain scale of the same Deployment, while tasks come all along."""
    try:
        return _measure(story)
    finally:
        # A namespace with pods in it that may take their time is looked at seldom: it would take
        # minutes to be gone.
        story.kube.delete("WorkQueue", NAME)
        wait_for("no pods", lambda: not story.pods(NAME), seconds=2 * LONGEST_SECONDS)


def _measure(story: Story) -> list[Figure]:
    _start(story)
    ours: list[list[Departure]] = []
    plain: list[list[Departure]] = []
    with Departures(story.kube, NAME) as departures, Feed(story) as feed:
        for number in range(TRIALS):
            feed.fill()
            ours.append(_by_operator(story, departures))
            if number < PLAIN_TRIALS:
                feed.fill()
                plain.append(_by_hand(story, departures))
        seen = markseen.measure(story, NAME)
    story.wait_completed(feed.count, seconds=3 * LONGEST_SECONDS)
    shifts = Shifts.of(story.ledger)
    twice = len(story.ledger.started_twice())
    note = f"{feed.count} tasks of {SHORTEST_SECONDS} to {LONGEST_SECONDS} s"
    return [
        _share("scalein-operator", ours, shifts),
        _share("scalein-kubectl", plain, shifts),
        seen,
        Figure(key="scalein-twice", size=0, unit="tasks", trials=[float(twice)], note=note),
    ]


@dataclass(slots=True)
class Feed:
    """Publishes tasks."""

    story: Story
    count: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(6))  # noqa: S311 - repeatable
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Publish no more."""
        self._stop.set()
        self._thread.join()

    def fill(self) -> None:
        """Make all workers busy, and wait until some are idle again."""
        for _ in range(WORKERS + SPARE - len(self.story.ledger.read().in_work())):
            self._put()
        self.story.wait_in_work(WORKERS - 1, seconds=20)  # somebody may have finished already
        wait_for(
            "some to have finished",
            lambda: len(self.story.ledger.read().in_work()) <= WORKERS - IDLE,
            seconds=60,
        )

    def _run(self) -> None:
        while not self._stop.wait(self.chance.expovariate(PER_SECOND)):
            self._put()

    def _put(self) -> None:
        with self._lock:
            seconds = self.chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
            self.story.put(NAME, [{"n": self.count, "seconds": seconds, "then": "ok"}])
            self.count += 1


def _start(story: Story) -> None:
    """Half of the workers first: all at once would take a small machine's breath away."""
    scaling = {
        "minWorkers": WORKERS // 2,
        "maxWorkers": WORKERS,
        "target": {"metric": "BacklogPerWorker", "value": 1},
        "scaleDown": {"stabilizationSeconds": 3},
    }
    story.apply(NAME, {"scaling": scaling})
    story.wait_workers(NAME, WORKERS // 2, seconds=90)
    _grow(story)


def _grow(story: Story) -> None:
    story.set(NAME, {"scaling": {"mode": "Auto", "minWorkers": WORKERS}})
    story.wait_workers(NAME, WORKERS, seconds=90)


def _by_operator(story: Story, departures: Departures) -> list[Departure]:
    before = len(departures.seen)
    story.set(NAME, {"scaling": {"minWorkers": FEWER}})
    return _left(story, departures, before)


def _by_hand(story: Story, departures: Departures) -> list[Departure]:
    story.set(NAME, {"scaling": {"mode": "Hold"}})
    story.wait_ready(NAME, "Held")
    before = len(departures.seen)
    story.scale(NAME, FEWER)
    return _left(story, departures, before)


def _left(story: Story, departures: Departures, before: int) -> list[Departure]:
    """Those who were told to leave; then all are there again."""
    wait_for(
        "some to be told to leave",
        lambda: len(departures.seen) >= before + WORKERS - FEWER,
        seconds=60,
        every=0.05,
    )
    time.sleep(1)  # whoever is told beyond those is counted as well
    left = departures.seen[before:]
    _grow(story)
    return left


def _share(key: str, steps: list[list[Departure]], shifts: Shifts) -> Figure:
    """Percent of those told to leave who were busy while an idle one was there, by step."""
    wrong = [sum(map(shifts.is_wrong, step)) for step in steps]
    shares = [100 * count / len(step) for count, step in zip(wrong, steps, strict=True)]
    note = f"{sum(wrong)} of {sum(map(len, steps))} SIGTERMs in {len(steps)} steps"
    return Figure(key=key, size=0, unit="%", trials=shares, note=note)
