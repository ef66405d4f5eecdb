"""The tables of docs/benchmarks.md, made of docs/benchmarks.json by `make generate`."""

from collections.abc import Iterable, Sequence

from bench.figures import Figure
from bench.goals import PLAIN, READY_RATIO_GOAL, ROWS, SIZES, SPEED_GOAL, Row, middle
from bench.speed_cases import CASES, key
from tools.markdown import between, table

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def with_tables(text: str, figures: Sequence[Figure]) -> str:
    """The text with fresh tables between its markers.

    Raises:
        ValueError: it has no markers, so that the tables would silently be lost.
    """
    return between(text, (BEGIN, END), tables(figures), page="docs/benchmarks.md")


def tables(figures: Sequence[Figure]) -> str:
    """By size with the goals; what does not depend on the size; every figure's spread."""
    found = {(each.key, each.size): each for each in figures}
    by_size = table(
        ["figure", "unit", *(f"{size:,}" for size in SIZES)],
        [_row(row, found) for row in ROWS],
    )
    ratio = _ratio(found.get(("ready-operator", 0)), found.get(("ready-kubectl", 0)))
    spread = table(
        ["figure", "WorkQueues", "unit", "n", "min", "median", "p99", "max", "date"],
        [_spread(each) for each in _in_order(figures)],
    )
    notes = [
        f"- {each.key}, {each.size:,}: {each.note}" for each in _in_order(figures) if each.note
    ]
    speed = _speed(found)
    parts = [_machines(figures), by_size, *ratio, *speed, "Every figure's spread:", spread]
    return "\n\n".join(
        [*parts, *(["\n".join(["Notes of the runs:", "", *notes])] if notes else [])]
    )


def cell(row: Row, figure: Figure | None) -> str:
    """The number, the goal beside it, and whether it is met."""
    goal = None if figure is None else row.goals.get(figure.size)
    if figure is None:
        return "not measured"
    value = row.told(figure)
    told = f"{value:,.{row.digits}f}"
    if goal is None:
        return told
    return (
        f"{told} (goal {goal:g}: met)" if value <= goal else f"**{told} (goal {goal:g}: missed)**"
    )


def _row(row: Row, found: dict[tuple[str, int], Figure]) -> list[str]:
    here = [found.get((row.key, size)) for size in SIZES]
    unit = next((each.unit for each in here if each is not None), "")
    return [row.title, unit, *(cell(row, each) for each in here)]


def _ratio(ours: Figure | None, plain: Figure | None) -> list[str]:
    if ours is None or plain is None:
        return []
    value = middle(ours) / middle(plain)
    met = "met" if value <= READY_RATIO_GOAL else "missed"
    told = (
        f"0 to 20 workers Ready: {middle(ours):.2f} s by the operator, {middle(plain):.2f} s by "
        f"`kubectl scale` of the same Deployment in the same run, ratio {value:.2f} "
        f"(goal {READY_RATIO_GOAL}: {met})."
    )
    return [told]


def _speed(found: dict[tuple[str, int], Figure]) -> list[str]:
    """Worker beside bare loop, medians; nothing where not all of it was measured."""
    rows = []
    for case in CASES:
        ours, bare = (found.get((key(who, *case), 0)) for who in ("worker", "bare"))
        if ours is None or bare is None:
            return []
        share = middle(ours) / middle(bare)
        told = f"{share:.2f} (goal {SPEED_GOAL})" if share >= SPEED_GOAL else f"**{share:.2f}**"
        queue_type, milliseconds, delay = case
        each = [f"{middle(figure):,.1f}" for figure in (ours, bare)]
        rows.append([queue_type, str(milliseconds), str(delay), *each, told, ours.date])
    head = ["queue", "task, ms", "round trip, ms", "worker", "bare loop", "share", "date"]
    return ["Tasks a second of one worker at prefetch 1, python handler:", table(head, rows)]


def _spread(figure: Figure) -> list[str]:
    values = [
        min(figure.trials),
        figure.quantile(0.5),
        figure.quantile(0.99),
        max(figure.trials),
    ]
    name = PLAIN.get(figure.key, figure.key)
    size = f"{figure.size:,}" if figure.size else ""
    cells = [f"{value:,.2f}" for value in values]
    return [name, size, figure.unit, str(len(figure.trials)), *cells, figure.date]


def _in_order(figures: Sequence[Figure]) -> list[Figure]:
    keys = [*dict.fromkeys(row.key for row in ROWS), *PLAIN]
    known = [each for each in figures if each.key in keys]
    return sorted(known, key=lambda each: (keys.index(each.key), each.size))


def _machines(figures: Iterable[Figure]) -> str:
    names = sorted({each.machine for each in figures})
    return (
        f"Measured on {'; '.join(names)}: cluster, broker, operator and load on this one machine."
    )
