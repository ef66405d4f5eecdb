"""The figures as a table to read, or as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from workqueue_operator.simulation.compare import OURS, TUNED
from workqueue_operator.simulation.measure import Figures
from workqueue_operator.simulation.traces import Trace

HEADS = (
    ("", "backlog", "", "waiting, s", "", "", "workers", "", "worker-", "over-", ""),
    ("", "mean", "max", "mean", "p50", "p99", "mean", "max", "seconds", "head", "steps"),
)

Told = Sequence[tuple[Trace, Sequence[Figures]]]


def as_table(trace: Trace, results: Sequence[Figures]) -> str:
    """One trace: a row for each policy, and what is to be said of them."""
    rows = [*HEADS, *(_row(each) for each in results)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    notes = [*_unfinished(results), *_verdict(results)]
    return "\n".join([_title(trace), "", *lines, *notes, "", ""])


def as_json(told: Told) -> str:
    """A list of traces; what there is no number for is null."""
    traces = [
        {**_about(trace), "policies": [_plain(each) for each in all_]} for trace, all_ in told
    ]
    return json.dumps(traces, indent=2, allow_nan=False) + "\n"


def _about(trace: Trace) -> dict[str, object]:
    return {
        "trace": trace.name,
        "tasks": len(trace.arrivals),
        "span_seconds": trace.span_seconds,
        "busy_seconds": trace.busy_seconds,
    }


def _plain(each: Figures) -> dict[str, object]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(each).items()
    }


def _title(trace: Trace) -> str:
    tasks = len(trace.arrivals)
    mean = trace.busy_seconds / tasks
    return (
        f"{trace.name}: {tasks:,} tasks in {trace.span_seconds / 3600:,.1f} h, {mean:,.3g} s each "
        f"in the mean, {trace.busy_seconds:,.0f} s of work"
    )


def _row(each: Figures) -> tuple[str, ...]:
    return (
        each.policy,
        f"{each.backlog_mean:,.1f}",
        f"{each.backlog_max:,}",
        f"{each.waiting_mean:,.1f}",
        f"{each.waiting_p50:,.1f}",
        f"{each.waiting_p99:,.1f}",
        f"{each.workers_mean:,.2f}",
        f"{each.workers_max:,}",
        f"{each.worker_seconds:,.0f}",
        f"{each.overhead:.3f}",
        f"{each.steps:,}",
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def _unfinished(results: Sequence[Figures]) -> list[str]:
    return [
        f"{each.policy}: {each.unfinished:,} tasks were not done within a day after the last came"
        for each in results
        if each.unfinished
    ]


def _verdict(results: Sequence[Figures]) -> list[str]:
    """What it comes to against the best that KEDA can be tuned to."""
    by = {each.policy: each for each in results}
    if OURS not in by or TUNED not in by:
        return []
    ours, theirs = by[OURS], by[TUNED]
    waiting = _more(ours.waiting_p99, theirs.waiting_p99)
    seconds = _more(ours.worker_seconds, theirs.worker_seconds)
    return [f"{OURS} beside {TUNED}: waiting p99 {waiting}, worker-seconds {seconds}"]


def _more(ours: float, theirs: float) -> str:
    return f"{ours - theirs:+,.1f} ({(ours / theirs - 1) * 100:+.1f} %)" if theirs else f"{ours:+g}"
