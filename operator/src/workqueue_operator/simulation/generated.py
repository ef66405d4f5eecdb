"""Traces of a day from a seed: the same seed gives the same trace on every Python.

That is why only random() is drawn, whose numbers Python promises to keep; its own distributions
have changed between versions.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random
from statistics import NormalDist

from workqueue_operator.simulation.traces import Trace

SEED = 1
TASKS = 100_000
DAY_SECONDS = 86_400.0
SLOT_SECONDS = 10.0
SLOTS = int(DAY_SECONDS / SLOT_SECONDS)

MEAN_TASK_SECONDS = 10.0
SPREAD = 0.5  # of the logarithm of a duration
LEVELS = (1.0, 0.2, 3.0, 0.0, 2.0, 0.5, 4.0, 1.0, 0.0, 0.1, 1.5, 0.7)
NIGHT_SHARE = 0.05  # of the rate at noon
BURSTS = 300
LARGEST_BURST = 10.0  # times the smallest
QUIET_SHARE = 0.1  # of all tasks come outside of bursts
TAIL = 1.5  # the exponent of a Pareto distribution: below 2 its variance has no bound
LONGEST_TASK_SECONDS = 1800.0

Draw = Callable[[], float]
Shape = tuple[Callable[[Draw], Sequence[float]], Callable[[Draw], float]]
"""The weights of the day's slots, and the duration of one task."""


def generate(shape: str, *, seed: int = SEED, tasks: int = TASKS) -> Trace:
    """One day of so many tasks. shape: a name in SHAPES."""
    weigh, last = SHAPES[shape]
    # A text as the seed, for a hash of its own: shapes of one seed have nothing in common.
    draw = Random(f"{shape}/{seed}").random  # noqa: S311 - a simulation, no secret
    sums = list(accumulate(weigh(draw)))
    arrivals = sorted(_moment(sums, draw) for _ in range(tasks))
    return Trace(name=shape, arrivals=arrivals, durations=[last(draw) for _ in range(tasks)])


def _moment(sums: Sequence[float], draw: Draw) -> float:
    """A moment of the day, as likely as its slot is heavy."""
    slot = bisect_right(sums, draw() * sums[-1])
    return (min(slot, SLOTS - 1) + draw()) * SLOT_SECONDS


def _steady(draw: Draw) -> Sequence[float]:
    del draw  # the same all day, but for chance
    return [1.0] * SLOTS


def _steps(draw: Draw) -> Sequence[float]:
    del draw
    return [LEVELS[slot * len(LEVELS) // SLOTS] for slot in range(SLOTS)]


def _daily(draw: Draw) -> Sequence[float]:
    del draw
    half = (1 - NIGHT_SHARE) / 2
    return [1 - half - half * math.cos(2 * math.pi * slot / SLOTS) for slot in range(SLOTS)]


def _bursts(draw: Draw) -> Sequence[float]:
    """Most tasks come in bursts, of one to six slots and very unequal in size."""
    weights = [0.0] * SLOTS
    for _ in range(BURSTS):
        size = min(LARGEST_BURST, _pareto(draw))
        first, slots = int(draw() * (SLOTS - 6)), 1 + int(draw() * 6)
        for slot in range(first, first + slots):
            weights[slot] += size / slots
    quiet = QUIET_SHARE / (1 - QUIET_SHARE) * sum(weights) / SLOTS
    return [weight + quiet for weight in weights]


def _pareto(draw: Draw) -> float:
    """At least 1, and 3 in the mean."""
    return float((1 - draw()) ** (-1 / TAIL))


def _usual(draw: Draw) -> float:
    """Lognormal: half of the tasks take between 6.3 and 12.4 s."""
    normal = NormalDist().inv_cdf(max(draw(), 1e-12))  # 0 has no place on the curve
    return MEAN_TASK_SECONDS * math.exp(SPREAD * normal - SPREAD**2 / 2)


def _heavy(draw: Draw) -> float:
    return min(LONGEST_TASK_SECONDS, MEAN_TASK_SECONDS / 3 * _pareto(draw))


SHAPES: Mapping[str, Shape] = {
    "steady": (_steady, _usual),
    "steps": (_steps, _usual),
    "daily": (_daily, _usual),
    "bursts": (_bursts, _heavy),
}
