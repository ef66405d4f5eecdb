"""The command: `python3 -m cluster VERB`."""

from __future__ import annotations

import argparse
import signal
import sys

from cluster import binaries, image_python, lifecycle, project_images, push
from cluster.errors import ClusterError
from cluster.images import PROJECT_FOLDERS
from cluster.paths import Paths, default_paths
from cluster.versions import GO_MODULES


def main() -> int:
    """Run one verb; expected trouble is told in a few lines, and the exit code is 1."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `status | head` ends quietly
    arguments = _parser().parse_args()
    try:
        return _run(default_paths(), arguments)
    except ClusterError as error:
        print(error.report(), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="bring up Kubernetes and RabbitMQ on this machine")
    down = verbs.add_parser("down", help="end them")
    down.add_argument("--purge", action="store_true", help="delete the cluster's state, too")
    verbs.add_parser("status", help="say what runs; exit code 1 when it does not")
    programs = verbs.add_parser(
        "binaries", help="build the programs, and link them in .cluster/bin"
    )
    programs.add_argument("names", nargs="*", metavar="NAME", help=", ".join(GO_MODULES))
    images = verbs.add_parser("images", help="build the project's images, and load them")
    images.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROJECT_FOLDERS))
    verbs.add_parser("load", help="load the images that were built last")
    python = verbs.add_parser("python313", help="run a command with the Python of the images")
    python.add_argument("command", nargs="+", metavar="-- COMMAND")
    remote = verbs.add_parser("push", help="build the images and push them to a registry")
    remote.add_argument("--prefix", required=True, help="registry.example/team")
    return parser


def _run(paths: Paths, arguments: argparse.Namespace) -> int:
    match arguments.verb:
        case "up":
            lifecycle.up(paths)
        case "down":
            lifecycle.down(paths, purge=arguments.purge)
        case "status":
            lifecycle.status(paths)
        case "binaries":
            binaries.build_named(paths, arguments.names)
        case "images":
            project_images.build(paths, arguments.names)
        case "load":
            project_images.load(paths)
        case "push":
            push.push(paths, arguments.prefix)
        case _:
            return image_python.run(paths, arguments.command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
