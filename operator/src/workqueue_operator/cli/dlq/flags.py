"""The flags of `workqueue dlq`; what they lead to is imported only when it is called."""

import argparse
from importlib import import_module
from typing import Any

from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.letter import REASONS
from workqueue_operator.cli.dlq.values import above_zero, age, header, reason, whole

LIMIT, SCAN, WINDOW = 100, 10_000, 100
EXIT_CODES = """\
exit codes:
  0  all done
  1  not all done: interrupted, refused, or held by somebody else; run it again to go on
  2  the call is wrong, or the WorkQueue has no dead letters; nothing was done
  3  the cluster, the broker or the queue cannot be reached or refuses; nothing was done
"""


def add_to(verbs: Any) -> None:
    """Tell argparse (its subparsers object) of this verb and those below it."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "dlq",
        help="look at the dead letters of a WorkQueue, put them back, or throw them away",
        description="The dead letters of a WorkQueue. The broker is reached directly, or through "
        "a port-forward of the Kubernetes API, with your own rights there.",
    )
    below = parser.add_subparsers(metavar="VERB", required=True)
    _add_list(below)
    _add_show(below)
    _add_replay(below)
    _add_purge(below)


def run(arguments: argparse.Namespace) -> int:
    """Carry it out. Returns the exit code; raises CliError."""
    code: int = import_module("workqueue_operator.cli.dlq.command").run(arguments)
    return code


def filter_of(arguments: argparse.Namespace) -> Filter:
    """What the flags say."""
    return Filter(
        ids=frozenset(arguments.id),
        reasons=frozenset(each.lower() for each in arguments.reason),
        older_than_seconds=arguments.older_than,
        newer_than_seconds=arguments.newer_than,
        headers=tuple(arguments.header),
        texts=tuple(arguments.match),
    )


def _add_list(verbs: Any) -> None:
    parser = _verb(verbs, "list", "show a table of dead letters; none is removed")
    parser.add_argument("--limit", metavar="N", type=whole, default=LIMIT, help=_default("rows"))
    parser.add_argument(
        "--newest-first", action="store_true", help="the last ones; the queue is looked through"
    )
    _add_scan(parser)
    parser.add_argument(
        *("-o", "--output"),
        choices=("table", "json"),
        default="table",
        help="json: one object a line, with headers, properties and the whole body",
    )
    _add_filters(parser)


def _add_show(verbs: Any) -> None:
    parser = _verb(verbs, "show", "show one dead letter with all that is known; it stays")
    parser.add_argument("letter", metavar="ID", help="as `list` shows it")
    parser.add_argument(
        "--raw", metavar="FILE", help="write the body's bytes there; - is standard output"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    _add_scan(parser)


def _add_replay(verbs: Any) -> None:
    parser = _verb(
        verbs, "replay", "put dead letters back into their queue, each removed once that is safe"
    )
    _add_choice(parser)
    parser.add_argument("--rate", metavar="N", type=above_zero, help="so many a second at most")
    parser.add_argument(
        "--window",
        metavar="N",
        type=whole,
        default=WINDOW,
        help=_default("in flight at a time: what a kill may double"),
    )
    parser.add_argument("--to", metavar="QUEUE", help="another queue of the same vhost")


def _add_purge(verbs: Any) -> None:
    parser = _verb(verbs, "purge", "throw dead letters away, for good; asks before")
    _add_choice(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--save", metavar="FILE", help="write them there first, as JSON lines; the file is new"
    )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Which are meant, for what changes the queue: it has to be said."""
    _add_filters(parser).add_argument("--all", action="store_true", help="every one of them")
    parser.add_argument("--limit", metavar="N", type=whole, help="so many at most, oldest first")
    parser.add_argument("--dry-run", action="store_true", help="only count them")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def _add_filters(parser: argparse.ArgumentParser) -> Any:
    group = parser.add_argument_group(
        "which dead letters", "All that is said has to be true; --id and --reason may be repeated."
    )
    group.add_argument("--id", metavar="ID", action="append", default=[])
    group.add_argument(
        "--reason",
        metavar="REASON",
        action="append",
        default=[],
        type=reason,
        help=f"one of {', '.join(REASONS)}",
    )
    group.add_argument("--older-than", metavar="AGE", type=age, help="since it failed, as in 2h30m")
    group.add_argument("--newer-than", metavar="AGE", type=age)
    group.add_argument(
        "--header", metavar="K[=V]", action="append", default=[], type=header, help="has it"
    )
    group.add_argument(
        "--match", metavar="TEXT", action="append", default=[], help="in its body or its error"
    )
    return group


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scan",
        metavar="N",
        type=whole,
        default=SCAN,
        help=_default("look at no more than so many"),
    )


def _verb(verbs: Any, name: str, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="of the WorkQueue")
    _add_way(parser)
    parser.set_defaults(run=run, dlq_verb=name)
    return parser


def _add_way(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the way there", "As kubectl has it.")
    group.add_argument("-n", "--namespace", help="of the WorkQueue")
    group.add_argument("--context", help="of the kubeconfig")
    group.add_argument("--kubeconfig", metavar="FILE")
    group.add_argument(
        "--broker-secret", metavar="NAME", help="another Secret than the WorkQueue's, with its keys"
    )
    way = group.add_mutually_exclusive_group()
    way.add_argument(
        "--direct", dest="way", action="store_const", const="direct", help="no port-forward"
    )
    way.add_argument(
        *("--port-forward",),
        dest="way",
        action="store_const",
        const="port-forward",
        help="through the Kubernetes API, also where the broker could be reached",
    )


def _default(what: str) -> str:
    return f"{what} (default: %(default)s)"
