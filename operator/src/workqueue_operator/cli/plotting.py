"""One trace as a picture, with matplotlib: an extra, imported only when a picture is asked for."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workqueue_operator.cli.errors import CliError
from workqueue_operator.simulation.compare import DEFAULTS, FIXED, OURS, TUNED
from workqueue_operator.simulation.measure import Curve, backlog_curve, waiting, workers_curve
from workqueue_operator.simulation.traces import Trace
from workqueue_operator.simulation.world import World

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = (".svg", ".png")
POINTS = 360
"""Of each line: a picture of a day stays small, and a point is four minutes."""
COLOURS = {OURS: "#0072b2", TUNED: "#d55e00", DEFAULTS: "#999999", FIXED: "#009e73"}
"""They differ for the colour-blind, too."""

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
    if find_spec("matplotlib") is None:
        raise CliError("--plot needs matplotlib: pip install 'workqueue-operator[plot]'")


def plot(trace: Trace, worlds: Mapping[str, World], name: str) -> None:
    """Write the picture. The same runs give the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra: most who simulate do without
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above; and needs no display

    mpl.rcParams |= {"svg.hashsalt": "workqueue", "svg.fonttype": "none", "font.size": 9}
    picture = Figure(figsize=(9, 7.5), layout="constrained")
    panels: Sequence[Any] = picture.subplots(3, 1, sharex=True)
    for policy, world in worlds.items():
        lines = (
            _thinned(backlog_curve(world), world.now),
            _thinned(workers_curve(world), world.now),
            _waiting(trace, world),
        )
        for panel, (hours, values) in zip(panels, lines, strict=True):
            style = {"color": COLOURS[policy], "linewidth": 1.0, "drawstyle": "steps-post"}
            panel.plot(hours, values, label=policy, **style)
    _label(panels, trace)
    picture.savefig(name, metadata={"Date": None} if name.endswith(".svg") else {}, dpi=120)


def _label(panels: Sequence["Axes"], trace: Trace) -> None:
    for panel, words in zip(panels, ("backlog, tasks", "workers", "waiting, s"), strict=True):
        panel.set_ylabel(words)
        panel.grid(visible=True, alpha=0.3)
        panel.margins(x=0)
    for panel in (panels[0], panels[2]):  # a fixed number's queue dwarfs all others
        panel.set_yscale("symlog", linthresh=10)
        panel.set_ylim(bottom=0)
    panels[0].set_title(f"{trace.name}: {len(trace.arrivals):,} tasks")
    panels[0].legend(loc="upper left", ncols=4, frameon=False)
    panels[2].set_xlabel("hours")


def _thinned(curve: Curve, until: float) -> Line:
    """The highest value of each bucket of time."""
    hours, values = [], []
    bounds = [until * number / POINTS for number in range(POINTS + 1)]
    for begin, end in pairwise(bounds):
        first = max(0, bisect_right(curve.moments, begin) - 1)
        last = bisect_right(curve.moments, end)
        hours.append(begin / 3600)
        values.append(max(curve.values[first:last]))
    return hours, values


def _waiting(trace: Trace, world: World) -> Line:
    """The longest that any task of a bucket waited, by when it arrived."""
    longest: dict[int, float] = {}
    width = max(trace.span_seconds, 1.0) / POINTS
    for at, waited in zip(trace.arrivals, waiting(world), strict=False):
        bucket = int(at / width)
        longest[bucket] = max(longest.get(bucket, 0.0), waited)
    return [bucket * width / 3600 for bucket in longest], list(longest.values())
