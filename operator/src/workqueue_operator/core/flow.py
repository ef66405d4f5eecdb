"""How many tasks arrive, from what waits and what is worked on: nobody counts them for us."""

import math
from dataclasses import dataclass

SMOOTHING_SECONDS = 30.0
"""What is so old counts for 1/e of what is new."""

KNOWN_AFTER_SECONDS = 10.0
"""From less than so much it would be a guess."""


@dataclass(slots=True)
class Flow:
    """Sums that fade with time: of the growth of the backlog, of work done, and of time.

    Work is kept in busy seconds, and divided by the task's seconds only when asked for: so what
    is learned of tasks later holds for the past as well.
    """

    _grown: float = 0.0  # tasks
    _worked: float = 0.0  # seconds of workers
    _seconds: float = 0.0
    _at: float | None = None
    _last: tuple[int, float] | None = None  # backlog and busy then; None: a gap of knowledge

    def learn(self, *, backlog: int, busy: float, now: float) -> None:
        """Add one reading. backlog: tasks waiting and in work; busy: workers that work."""
        passed = 0.0 if self._at is None else now - self._at
        if passed > 0:
            self._fade(passed)
            if self._last is not None:
                before, busy_before = self._last
                self._add(backlog - before, (busy_before + busy) / 2, passed)
        self._at, self._last = now, (backlog, busy)

    def forget(self) -> None:
        """Nothing is known of what happens until the next reading."""
        self._last = None

    def arrivals_per_second(self, *, task_seconds: float) -> float | None:
        """The smoothed rate; None while too little is known."""
        if self._seconds < KNOWN_AFTER_SECONDS:
            return None
        return max(0.0, (self._grown + self._worked / task_seconds) / self._seconds)

    def _fade(self, seconds: float) -> None:
        kept = math.exp(-seconds / SMOOTHING_SECONDS)
        self._grown *= kept
        self._worked *= kept
        self._seconds *= kept

    def _add(self, grown: int, busy: float, seconds: float) -> None:
        # What happened evenly during these seconds has faded a little already.
        weight = -math.expm1(-seconds / SMOOTHING_SECONDS) * SMOOTHING_SECONDS / seconds
        self._grown += grown * weight
        self._worked += busy * seconds * weight
        self._seconds += seconds * weight
