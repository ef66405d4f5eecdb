"""workqueue VERB ...: the entry point. A verb is a module with `add_to` and `run`."""

import argparse
import sys
from collections.abc import Sequence

from workqueue_operator import __version__
from workqueue_operator.cli import simulate
from workqueue_operator.cli.dlq import flags as dlq
from workqueue_operator.cli.errors import CliError

VERBS = (simulate, dlq)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Exit codes: 0 done, 1 not or not all done, 2 the call is wrong, 3 not reached.
    """
    arguments = _parser().parse_args(argv)
    try:
        run: int = arguments.run(arguments)
    except CliError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has left, as head does
        return 1
    return run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="workqueue", description="RabbitMQ work queues on Kubernetes, by hand."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_to(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
