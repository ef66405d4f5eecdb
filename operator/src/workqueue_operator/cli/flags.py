"""The flags of `workqueue simulate`, but for those of cli/scaling.py."""

import argparse
import math
from datetime import UTC, datetime

from workqueue_operator.simulation.compare import POLICIES
from workqueue_operator.simulation.generated import SEED, SHAPES, TASKS

ALL = "all"
MONDAY = "2026-01-05T00:00:00+00:00"


def add_trace_flags(parser: argparse.ArgumentParser) -> None:
    """What is simulated."""
    group = parser.add_argument_group("the tasks")
    group.add_argument(
        "--trace",
        metavar="FILE|NAME",
        default=ALL,
        help="CSV with the header arrival_seconds,duration_seconds, or a day that is generated: "
        f"{', '.join(SHAPES)}, or {ALL} of these (default: {ALL})",
    )
    group.add_argument("--tasks", metavar="N", type=_above_zero_whole, default=TASKS)
    group.add_argument("--seed", metavar="N", type=int, default=SEED, help="another day like it")


def add_world_flags(parser: argparse.ArgumentParser) -> None:
    """What every autoscaler meets."""
    group = parser.add_argument_group("the cluster")
    group.add_argument(
        "--start-seconds",
        metavar="S",
        type=_seconds,
        default=5.0,
        help="from a pod's creation until it consumes (default: %(default)g)",
    )
    group.add_argument(
        "--deployment-seconds",
        metavar="S",
        type=_seconds,
        default=0.2,
        help="from a written number until there are pods (default: %(default)g)",
    )
    group.add_argument(
        "--reading-seconds",
        metavar="S",
        type=_above_zero,
        default=1.0,
        help="how often the operator reads the queue (default: %(default)g)",
    )
    group.add_argument(
        "--delay-seconds",
        metavar="S",
        type=_seconds,
        default=0.0,
        help="from the broker's count to the decision (default: %(default)g)",
    )
    group.add_argument(
        "--management", action="store_true", help="the operator has a management address"
    )
    group.add_argument(
        "--begins",
        metavar="TIME",
        type=_moment,
        default=_moment(MONDAY),
        help=f"when the trace begins, for floors by schedule (default: {MONDAY}, a Monday)",
    )


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """What is compared, and told."""
    group = parser.add_argument_group("the comparison")
    group.add_argument(
        "--policies",
        metavar="A,B",
        type=_policies,
        default=POLICIES,
        help=f"which of {', '.join(POLICIES)} (default: all)",
    )
    group.add_argument(
        "--fixed",
        metavar="N",
        type=_above_zero_whole,
        help="the fixed number of workers (default: what the work needs in the mean)",
    )
    group.add_argument("--json", action="store_true", help="print JSON and no table")
    group.add_argument("--plot", metavar="FILE", help="draw one trace; .svg or .png")


def _seconds(text: str) -> float:
    seconds = _number(text)
    if seconds < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return seconds


def _above_zero(text: str) -> float:
    seconds = _number(text)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return seconds


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def _above_zero_whole(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write it as in {MONDAY}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _policies(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{', '.join(map(repr, unknown))} is none of {', '.join(POLICIES)}"
        )
    return names
