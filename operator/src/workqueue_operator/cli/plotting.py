"""One trace as a picture, with matplotlib: an extra, imported only when a picture is asked for."""

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workqueue_operator.cli.errors import CliError
from workqueue_operator.simulation.compare import DEFAULTS, FIXED, OURS, TUNED
from workqueue_operator.simulation.measure import backlog_curve, waiting, workers_curve
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import World

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = (".svg", ".png")
POINTS = 200
"""Of each line: a picture of a day stays small, and a point is seven minutes."""
COLOURS = {OURS: "#0072b2", TUNED: "#d55e00", DEFAULTS: "#999999", FIXED: "#009e73"}
"""They differ for the colour-blind, too."""
STYLE: Mapping[str, Any] = {"linewidth": 1.0, "drawstyle": "steps-post"}
HOUR_SECONDS = 3600.0

Line = tuple[Sequence[float], Sequence[float]]


def check_plot(name: str, *, one_trace: bool) -> None:
    """Say before the work what would keep the picture from being drawn.

    Raises:
        CliError: more than one trace, a kind of file that is not drawn, or no matplotlib.
    """
    if not one_trace:
        raise CliError("--plot draws one trace: say which with --trace")
    if Path(name).suffix not in KINDS:
        raise CliError(f"--plot {name}: the name has to end in {' or '.join(KINDS)}")
    if not Path(name).parent.is_dir():
        raise CliError(f"--plot {name}: there is no folder {Path(name).parent}")
    try:
        import_module("matplotlib")
    except ImportError as error:
        extra = "pip install 'workqueue-operator[plot]'"
        raise CliError(f"--plot needs matplotlib ({error}): {extra}") from error


def plot(trace: Trace, worlds: Mapping[str, World], name: str) -> None:
    """Write the picture. The same runs give the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra: most who simulate do without
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above; it needs no display

    with mpl.rc_context({"svg.hashsalt": "workqueue", "svg.fonttype": "none", "font.size": 9}):
        picture = Figure(figsize=(9, 7.5), layout="constrained")
        panels: Sequence[Axes] = picture.subplots(3, 1, sharex=True)
        for place, (policy, world) in enumerate(worlds.items()):
            style = {**STYLE, "label": policy, "color": COLOURS[policy], "zorder": 3 - place / 10}
            for panel, line in zip(panels, _lines(trace, world), strict=True):
                panel.plot(*line, **style)  # the first is drawn above the others
        _label(panels)
        picture.suptitle(f"{trace.name}: {len(trace.arrivals):,} tasks")
        handles, names = panels[0].get_legend_handles_labels()
        picture.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
        metadata = {"Date": None} if name.endswith(".svg") else {}
        picture.savefig(name, metadata=metadata, dpi=120)


def _label(panels: Sequence["Axes"]) -> None:
    for panel, words in zip(panels, ("backlog, tasks", "workers", "waiting, s"), strict=True):
        panel.set_ylabel(words)
        panel.grid(visible=True, alpha=0.3)
        panel.margins(x=0)
    for panel in (panels[0], panels[2]):  # a fixed number's queue dwarfs all others
        panel.set_yscale("symlog", linthresh=10)
    for panel in panels:
        panel.set_ylim(bottom=0)
    panels[2].set_xlabel("hours")


def _lines(trace: Trace, world: World) -> tuple[Line, Line, Line]:
    """The highest backlog, the mean number of workers and the longest wait, by buckets of time."""
    backlog, workers = backlog_curve(world), workers_curve(world)
    bounds = [world.now * number / POINTS for number in range(POINTS + 1)]
    hours = [begin / HOUR_SECONDS for begin in bounds[:-1]]
    return (
        (hours, [backlog.highest(*bucket) for bucket in pairwise(bounds)]),
        (hours, [workers.mean(*bucket) for bucket in pairwise(bounds)]),
        (hours, _longest(trace, world)),
    )


def _longest(trace: Trace, world: World) -> Sequence[float]:
    """What the tasks that arrived in each bucket waited at most; NaN, a gap, where none did."""
    longest = [math.nan] * POINTS
    for at, waited in zip(trace.arrivals, waiting(world), strict=False):
        bucket = min(int(at / world.now * POINTS), POINTS - 1)
        longest[bucket] = max(waited, longest[bucket])  # the other way round a NaN would stay
    return longest
