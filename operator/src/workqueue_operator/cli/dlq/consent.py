"""Asking before dead letters are thrown away."""

import sys

from workqueue_operator.cli.errors import CliError


def see_somebody() -> None:
    """Raises CliError where nobody could answer."""
    if not sys.stdin.isatty():
        raise CliError("purge asks before it removes anything, and nobody is there: use --yes")


def ask(count: int, queue: str) -> None:
    """Have somebody say yes.

    Raises:
        CliError: somebody, or nobody, did not.
    """
    sys.stderr.write(
        f"{count:,} dead letters will be removed from {queue!r} for good. Type {count} or yes: "
    )
    sys.stderr.flush()
    if sys.stdin.readline().strip().replace(",", "") not in {str(count), "yes"}:
        raise CliError("nothing was removed")
