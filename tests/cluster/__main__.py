"""The command: `python3 -m cluster VERB`."""

from __future__ import annotations

import argparse
import sys

from cluster import lifecycle
from cluster.errors import ClusterError
from cluster.paths import default_paths


def main() -> int:
    """Run one verb; expected trouble is told in a few lines, and the exit code is 1."""
    arguments = _parser().parse_args()
    try:
        _run(arguments)
    except ClusterError as error:
        print(error.report(), file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="bring up Kubernetes and RabbitMQ on this machine")
    down = verbs.add_parser("down", help="end them")
    down.add_argument("--purge", action="store_true", help="delete the cluster's state, too")
    verbs.add_parser("status", help="say what runs")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    paths = default_paths()
    match arguments.verb:
        case "up":
            lifecycle.up(paths)
        case "down":
            lifecycle.down(paths, purge=arguments.purge)
        case "status":
            lifecycle.status(paths)


if __name__ == "__main__":
    sys.exit(main())
