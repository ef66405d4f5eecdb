"""Whom a step down meets: 40 workers, half of them busy for 5 to 60 s, ten told to leave."""

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
WORKERS, FEWER = 40, 30
TRIALS, PLAIN_TRIALS = 20, 8
SHORTEST_SECONDS, LONGEST_SECONDS = 5, 60
BUSY = 20
"""So many tasks at first, and as many in work ever after: what is finished follows what comes."""


def measure(story: Story) -> list[Figure]:
    """By the operator, and by a plain scale of the same Deployment, while tasks come all along."""
    _start(story)
    ours: list[list[Departure]] = []
    plain: list[list[Departure]] = []
    with Departures(story.kube, NAME) as departures, Feed(story) as feed:
        story.wait_in_work(BUSY // 2)
        for number in range(TRIALS):
            ours.append(_by_operator(story, departures))
            if number < PLAIN_TRIALS:
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
    """Publishes tasks by chance, as fast as BUSY workers finish them."""

    story: Story
    count: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(6))  # noqa: S311 - repeatable
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        """Begin, with enough for all who are to be busy."""
        for _ in range(BUSY):
            self._put()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Publish no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        per_second = 2 * BUSY / (SHORTEST_SECONDS + LONGEST_SECONDS)
        while not self._stop.wait(self.chance.expovariate(per_second)):
            self._put()

    def _put(self) -> None:
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
        "ten to be told to leave",
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
