"""Try scaling settings on a trace of tasks: how long they would have waited, and at what cost."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workqueue_operator.cli.errors import CliError
from workqueue_operator.cli.flags import ALL, add_output_flags, add_trace_flags, add_world_flags
from workqueue_operator.cli.plotting import check_plot, plot
from workqueue_operator.cli.scaling import add_scaling_flags, rules_of
from workqueue_operator.cli.table import as_json, as_table
from workqueue_operator.simulation.compare import Setting, runs
from workqueue_operator.simulation.generated import SHAPES, generate
from workqueue_operator.simulation.measure import figures
from workqueue_operator.simulation.ours import Sight
from workqueue_operator.simulation.traces import Trace, TraceError, read_csv
from workqueue_operator.simulation.world import Conditions


def add_to(verbs: Any) -> None:
    """Tell argparse (its subparsers object) of this verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "simulate",
        help="try scaling settings on a trace, beside KEDA and a fixed number of workers",
        description=__doc__,
    )
    add_trace_flags(parser)
    add_scaling_flags(parser)
    add_world_flags(parser)
    add_output_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print, one trace after the other. Returns the exit code.

    Raises:
        CliError: a file or a value is wrong; nothing was simulated.
    """
    setting, told = _setting(arguments), []
    if arguments.plot:
        check_plot(arguments.plot, one_trace=arguments.trace != ALL)
    for trace in _traces(arguments):
        worlds = dict(runs(trace, setting, arguments.policies))
        results = [figures(policy, world) for policy, world in worlds.items()]
        told.append((trace, results))
        if not arguments.json:
            sys.stdout.write(as_table(trace, results))
            sys.stdout.flush()
        if arguments.plot:
            plot(trace, worlds, arguments.plot)
    if arguments.json:
        sys.stdout.write(as_json(told))
    return 0


def _setting(arguments: argparse.Namespace) -> Setting:
    return Setting(
        rules=rules_of(arguments),
        sight=Sight(
            reading_seconds=arguments.reading_seconds,
            delay_seconds=arguments.delay_seconds,
            management=arguments.management,
            begins=arguments.begins,
        ),
        conditions=Conditions(
            start_seconds=arguments.start_seconds,
            deployment_seconds=arguments.deployment_seconds,
            seed=arguments.seed,
        ),
        fixed_workers=arguments.fixed,
    )


def _traces(arguments: argparse.Namespace) -> Iterator[Trace]:
    name = arguments.trace
    shapes = list(SHAPES) if name == ALL else [name] if name in SHAPES else []
    for shape in shapes:
        yield generate(shape, seed=arguments.seed, tasks=arguments.tasks)
    if not shapes:
        yield _read(Path(name))


def _read(path: Path) -> Trace:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return read_csv(lines, name=path.name)
    except OSError as error:
        known = ", ".join((*SHAPES, ALL))
        why = f"{error.strerror}; generated are {known}"
        raise CliError(f"--trace {path}: {why}") from error
    except UnicodeDecodeError as error:
        raise CliError(f"--trace {path} is no text in UTF-8: {error}") from error
    except TraceError as error:
        raise CliError(f"--trace {path}, {error}") from error
