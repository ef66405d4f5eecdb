"""The table of docs/reliability.md, made of docs/reliability.json by `make generate`."""

from collections.abc import Sequence
from statistics import median

from faults.explain import FORGOTTEN, UNEXPLAINED
from faults.names import ALL, FAULTS
from faults.record import Run
from tools import markdown

BEGIN, END = "<!-- faults:begin -->", "<!-- faults:end -->"
HEAD = (
    "fault",
    "strikes",
    "queue",
    "published",
    "confirmed",
    "completed",
    "dead",
    "lost",
    "started again",
    "in flight when struck (and done in the second before)",
    "forgotten by the broker",
    "not explained",
    "completed twice",
    "scale-downs",
    "wrong ones",
    "seconds to recover: median, max (n)",
    "workers",
    "date",
)


def with_table(text: str, runs: Sequence[Run]) -> str:
    """The text with a fresh table between its markers.

    Raises:
        ValueError: it has no markers, so that the table would silently be lost.
    """
    return markdown.between(text, (BEGIN, END), table(runs), page="docs/reliability.md")


def table(runs: Sequence[Run]) -> str:
    """Every fault alone, then all together; what was never run is told as well."""
    order = [*FAULTS, ALL]
    known = sorted(
        (run for run in runs if run.fault in order),
        key=lambda run: (order.index(run.fault), run.queue),
    )
    absent = [fault for fault in order if fault not in {run.fault for run in known}]
    machines = "; ".join(sorted({run.machine for run in known})) or "nothing yet"
    parts = [
        f"Measured on {machines}: cluster, broker, operator, workers and load on this one machine.",
        markdown.table(HEAD, [_row(run) for run in known]),
    ]
    if absent:
        parts.append(f"Not measured: {', '.join(absent)}.")
    parts += [f"- {run.fault}, {run.queue}: {said}" for run in known for said in run.complaints]
    return "\n\n".join(parts)


def _row(run: Run) -> list[str]:
    causes = [each["cause"] for each in run.again]
    many = len(run.strikes) > 1
    strikes = ", ".join(f"{n} {name}" if many else str(n) for name, n in run.strikes.items())
    counts = (run.published, run.confirmed, run.completed, run.dead)
    return [
        run.fault,
        strikes,
        run.queue,
        *(f"{count:,}" for count in counts),
        _zero(len(run.lost)),
        str(len(run.again)),
        f"{run.in_flight} ({run.just_done})",
        str(causes.count(FORGOTTEN)),
        _zero(causes.count(UNEXPLAINED)),
        str(len(run.completed_twice)),
        str(run.scale_downs),
        _zero(len(run.wrong_scale_downs)),
        recovery(run.recovery_seconds),
        str(run.workers),
        run.date,
    ]


def _zero(count: int) -> str:
    """Loud when it is not what it must be."""
    return "0" if count == 0 else f"**{count}**"


def recovery(seconds: Sequence[float]) -> str:
    """The median, the longest, and of how many."""
    if not seconds:
        return "not measured"
    return f"{median(seconds):.1f}, {max(seconds):.1f} ({len(seconds)})"
