"""Which queues are read in a turn: those that move in each, those that sleep by and by. Pure."""

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

from workqueue_operator.core.readings import Known, Reading

HOT_SECONDS = 30.0
"""So long after its last task or consumer a queue still counts as one that moves."""

CEILING_SECONDS = 20.0
"""No queue is read more rarely, whatever it costs: an older reading is hardly a reading."""

_HOT_PART = (
    0.5  # of the reads that the moving ones get, if the sleeping ones want more than the rest
)


@dataclass(frozen=True, slots=True)
class Turn:
    """From the beginning of this turn to that of the next, and how many sleepers this one reads."""

    interval_seconds: float
    sleepers: int


def plan(hot: int, sleeping: int, *, reads_per_second: float, floor_seconds: float) -> Turn:
    """Share out what may be read: the moving ones first, the rest to the sleeping ones.

    Both have half of it for certain, so that no number of the ones starves the others, and nobody
    waits longer for what the others do not need.
    """
    everything_seconds = (hot + sleeping) / reads_per_second
    wanted_seconds = min(hot / (reads_per_second * _HOT_PART), everything_seconds)
    interval = max(floor_seconds, min(wanted_seconds, CEILING_SECONDS))
    rest = reads_per_second * interval - hot
    at_least = sleeping * interval / CEILING_SECONDS
    return Turn(interval_seconds=interval, sleepers=min(sleeping, math.ceil(max(rest, at_least))))


class Tiers:
    """The queues that move, and those that sleep, in the order in which it is their turn."""

    def __init__(self) -> None:
        self._hot_until: dict[str, float] = {}
        self._sleeping: dict[str, None] = {}  # as an ordered set

    @property
    def hot(self) -> int:
        """How many move."""
        return len(self._hot_until)

    @property
    def sleeping(self) -> int:
        """How many sleep."""
        return len(self._sleeping)

    def keep(self, queues: AbstractSet[str]) -> set[str]:
        """These are all there are; new ones sleep. Returns those that are left out from now on."""
        gone = (self._hot_until.keys() | self._sleeping.keys()) - queues
        for queue in gone:
            self._hot_until.pop(queue, None)
            self._sleeping.pop(queue, None)
        self.add(queues)
        return gone

    def add(self, queues: Iterable[str]) -> None:
        """More of them; they sleep until something is read of them."""
        for queue in queues:
            if queue not in self._hot_until and queue not in self._sleeping:
                self._sleeping[queue] = None

    def take(self, sleepers: int) -> list[str]:
        """All that move, and so many of the others: those that have waited longest."""
        longest = list(islice(self._sleeping, sleepers))
        for queue in longest:
            del self._sleeping[queue]
            self._sleeping[queue] = None
        return [*self._hot_until, *longest]

    def learn(self, readings: Mapping[str, Reading], now: float) -> None:
        """Tasks or consumers wake a queue. One that shows neither for a while falls asleep."""
        for queue, reading in readings.items():
            if isinstance(reading, Known) and (reading.ready or reading.consumers):
                if queue in self._hot_until or queue in self._sleeping:
                    self._sleeping.pop(queue, None)
                    self._hot_until[queue] = now + HOT_SECONDS
            elif self._hot_until.get(queue, math.inf) <= now:
                del self._hot_until[queue]
                self._sleeping[queue] = None
