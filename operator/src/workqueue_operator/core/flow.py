"""How many tasks arrive, from what waits and what is worked on: nobody counts them for us."""

from collections import deque
from dataclasses import dataclass, field

SPAN_SECONDS = 10.0
"""What happens is summed up over spans of at least so much: a burst is over in one or two."""

SPANS = 12
"""So many spans are remembered, the last one still open: from fewer, chance alone moves the number
of workers (simulated: half as many spans cost 7 % more worker-seconds at a steady load)."""

KNOWN_SPANS = 3
"""From fewer, a burst could not be told from a flow."""

MOST_TIMES = 3.0
MOST_TASKS = 3.0
"""A span counts for at most so many times the mean of the others, and so many tasks more: a
burst does not go on, and its tasks are in the backlog already."""


@dataclass(slots=True)
class _Span:
    grown: float = 0.0  # the backlog, in tasks
    worked: float = 0.0  # seconds of workers
    seconds: float = 0.0


@dataclass(slots=True)
class Flow:
    """The last two minutes that are known, in spans of time.

    Work is kept in busy seconds, and divided by the task's seconds only when asked for: so what
    is learned of tasks later holds for the past as well.
    """

    _spans: deque[_Span] = field(default_factory=lambda: deque(maxlen=SPANS))
    _at: float = 0.0
    _last: tuple[int, float] | None = None  # backlog and busy then; None: a gap of knowledge

    def learn(self, *, backlog: int, busy: float, now: float) -> None:
        """Add one reading. backlog: tasks waiting and in work; busy: workers that work."""
        if self._last is not None and now > self._at:
            before, busy_before = self._last
            span = self._open_span()
            span.grown += backlog - before
            span.worked += (busy_before + busy) / 2 * (now - self._at)
            span.seconds += now - self._at
        self._forget_after_gap(now)
        self._at, self._last = now, (backlog, busy)

    def forget(self) -> None:
        """Nothing is known of what happens until the next reading."""
        self._last = None

    def arrivals_per_second(self, *, task_seconds: float) -> float | None:
        """The smoothed rate; None while too little is known."""
        if len(self._spans) < KNOWN_SPANS:
            return None
        spans = self._spans
        arrived = [span.grown + span.worked / task_seconds for span in spans]
        tasks, seconds, counted = sum(arrived), sum([span.seconds for span in spans]), 0.0
        if tasks <= 0:
            return 0.0
        for span, of_it in zip(spans, arrived, strict=True):
            per_second = max(0.0, tasks - of_it) / (seconds - span.seconds)  # of the others
            counted += min(of_it, MOST_TIMES * per_second * span.seconds + MOST_TASKS)
        return max(0.0, counted / seconds)

    def _open_span(self) -> _Span:
        if not self._spans or self._spans[-1].seconds >= SPAN_SECONDS:
            self._spans.append(_Span())
        return self._spans[-1]

    def _forget_after_gap(self, now: float) -> None:
        """What was before a long gap says nothing of now."""
        if self._last is None and now - self._at > SPANS * SPAN_SECONDS:
            self._spans.clear()
