"""A trace: when tasks arrived and how long each took to work on."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ARRIVAL, DURATION = "arrival_seconds", "duration_seconds"


class TraceError(ValueError):
    """A file is no trace. The sentence names the line and what to write instead."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Seconds; arrivals are in ascending order, and a duration stands beside each."""

    name: str
    arrivals: Sequence[float]
    durations: Sequence[float]

    @property
    def busy_seconds(self) -> float:
        """The work in it: what no autoscaler can save."""
        return math.fsum(self.durations)

    @property
    def span_seconds(self) -> float:
        """From the start to the last arrival."""
        return self.arrivals[-1]

    @property
    def mean_workers(self) -> int:
        """As many as the work would keep busy all the time, were it spread evenly.

        At least 1, and no more than there are tasks: all of them may come within a moment.
        """
        tasks, busy, span = len(self.arrivals), self.busy_seconds, self.span_seconds
        return max(1, math.ceil(busy / span)) if busy < tasks * span else tasks


def read_csv(lines: Iterable[str], *, name: str) -> Trace:
    """Read a trace with a header, arrival_seconds,duration_seconds; more columns are ignored.

    Arrivals count from any zero and stand in any order: the trace begins with the first.

    Raises:
        TraceError: it has no such header, a line that is not two such numbers, or no task.
    """
    rows = csv.reader(lines)
    places = _places(next(rows, []))
    tasks = [_task(row, places, rows.line_num) for row in rows if row]
    if not tasks:
        raise TraceError(2, "there is no task: one line each, as in 0.5,12")
    tasks.sort()
    first = tasks[0][0]
    return Trace(
        name=name,
        arrivals=[arrival - first for arrival, _ in tasks],
        durations=[duration for _, duration in tasks],
    )


def _places(header: Sequence[str]) -> tuple[int, int]:
    names = [name.strip().lstrip("\ufeff") for name in header]  # spreadsheets write a mark first
    if ARRIVAL not in names or DURATION not in names:
        raise TraceError(1, f"the header is {','.join(names)!r}: write {ARRIVAL},{DURATION}")
    return names.index(ARRIVAL), names.index(DURATION)


def _task(row: Sequence[str], places: tuple[int, int], line: int) -> tuple[float, float]:
    arrival, duration = (_number(row, place, line) for place in places)
    if duration < 0:
        raise TraceError(line, f"{DURATION} is {duration:g}: a task takes 0 s or more")
    return arrival, duration


def _number(row: Sequence[str], place: int, line: int) -> float:
    text = row[place].strip() if place < len(row) else ""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        name = f"{text!r} is no number" if text else f"there is no number in column {place + 1}"
        raise TraceError(line, f"{name}: write seconds, as in 0.5")
    return number
