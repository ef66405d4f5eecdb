"""A duration, learned from measurements of which some are wild and the newest say most."""

import math
from dataclasses import dataclass

LEAST_SECONDS = 1e-4
MOST_SECONDS = 1e6
"""Nothing that is measured counts as shorter or longer: no estimate is ever 0 or infinite."""

MEMORY = 15
"""Measurements of like weight: an older one counts for 1/e of the newest after so many."""

HALF_LIFE_SECONDS = 600.0
"""After which time an old measurement counts half, however few came since."""

MOST_WEIGHT = 30.0
"""So many tasks in one measurement tell their mean well enough: where there were more, it counts
no more, or many short tasks of before would outweigh the few long ones of now."""

WILD = 4.0
"""A measurement that is further off than this factor counts as if it were off by this factor."""

MOST_SHARE = 0.25
"""Once there are three, no single measurement counts for more than this in the mean, however
many tasks are in it: so none moves it by more than a factor of 1.75 up or 0.75 down."""

BELIEVED = 4
"""So many wild measurements in a row, all on one side, are a change and not an accident."""

LEAP = 10.0
"""A measurement that is believed moves the estimate half of its way (on a log scale), and by no
more than this factor."""


@dataclass(slots=True)
class Estimate:
    """The mean duration, each measurement weighing as much as the tasks in it, up to MOST_WEIGHT.

    The mean and not the median: it tells how much work a number of tasks is.
    """

    seconds: float = math.nan  # while samples is 0
    samples: int = 0
    guessed: float = 1.0  # what a first guess still weighs, as a share of the whole
    _weight: float = 0.0
    _run: int = 0  # wild ones in a row: above the estimate if positive, below it if negative
    _at: float | None = None

    def learn(self, seconds: float, *, weight: float, now: float) -> None:
        """Add one measurement: the mean of so many tasks. Not a number is no measurement."""
        if not (math.isfinite(seconds) and math.isfinite(weight) and weight > 0):
            return
        measured, weight = min(max(seconds, LEAST_SECONDS), MOST_SECONDS), min(weight, MOST_WEIGHT)
        self._age(now)
        if self.samples == 0:
            self._begin(measured, weight)
            return
        self._count_wild(measured)
        self.samples += 1
        if abs(self._run) >= BELIEVED:
            self._leap(measured, weight)
        else:
            self._blend(measured, weight)

    def go_on(self, seconds: float, *, samples: int) -> None:
        """Begin with what was learned before; it weighs as three measurements of one task."""
        self._begin(min(max(seconds, LEAST_SECONDS), MOST_SECONDS), weight=3.0)
        self.samples, self.guessed = samples, 1 / (1 + samples)

    def with_guess(self, guess: float) -> float:
        """The estimate; a first guess weighs as little as one measurement, and less and less."""
        if self.samples == 0:
            return guess
        # On a log scale: else a guess that is off by a factor of 1,000 would be felt for long.
        return self.seconds * math.pow(guess / self.seconds, self.guessed)

    def _begin(self, measured: float, weight: float) -> None:
        self.seconds, self._weight, self.samples = measured, weight, 1
        self.guessed = 1 / (1 + weight)

    def _age(self, now: float) -> None:
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._weight *= (1 - 1 / MEMORY) * 0.5 ** (passed / HALF_LIFE_SECONDS)
        self._at = now

    def _count_wild(self, measured: float) -> None:
        if measured > self.seconds * WILD:
            self._run = max(self._run, 0) + 1
        elif measured < self.seconds / WILD:
            self._run = min(self._run, 0) - 1
        else:
            self._run = 0

    def _blend(self, measured: float, weight: float) -> None:
        self._weight += weight
        share = min(weight / self._weight, max(MOST_SHARE, 1 / self.samples))
        nearest = min(max(measured, self.seconds / WILD), self.seconds * WILD)
        self.seconds += share * (nearest - self.seconds)
        self.guessed *= 1 - share

    def _leap(self, measured: float, weight: float) -> None:
        factor = math.sqrt(measured / self.seconds)
        self.seconds *= min(max(factor, 1 / LEAP), LEAP)
        self.guessed /= 2
        self._weight = weight / MOST_SHARE
