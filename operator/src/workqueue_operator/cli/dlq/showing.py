"""One dead letter with all that is known of it."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.record import properties_of
from workqueue_operator.cli.dlq.rows import age, size
from workqueue_operator.cli.dlq.safe import many_lines, one_line, whole
from workqueue_operator.cli.errors import CliError


def as_text(letter: Letter, *, now: datetime) -> str:
    """All that is known of one letter, safe for a terminal."""
    failed_at = letter.failed_at
    when = "-"
    if failed_at is not None:
        since = age((now - failed_at).total_seconds())
        when = f"{failed_at.isoformat(timespec='seconds')} ({since} ago)"
    lines = [
        f"id:        {one_line(letter.id)}",
        f"failed:    {when}",
        f"reason:    {one_line(letter.reason or '-')}",
        f"attempts:  {'-' if letter.attempts is None else letter.attempts}",
        f"error:     {_indented(many_lines(letter.error)) or '-'}",
        *("properties:", *_pairs(properties_of(letter))),
        *("headers:", *_pairs(letter.headers)),
        f"body:      {size(len(letter.body))}",
    ]
    return "\n".join(lines) + f"\n\n{whole(letter.body)}\n"


def write_raw(letter: Letter, name: str) -> None:
    """The bytes of the body and nothing else.

    Raises:
        CliError: the file cannot be written, or standard output is a terminal.
    """
    if name == "-":
        if sys.stdout.isatty():
            raise CliError("--raw - would write to a terminal whatever is in it: name a file")
        sys.stdout.buffer.write(letter.body)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(letter.body)
    except OSError as error:
        raise CliError(f"--raw {name}: {error.strerror}") from error


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(values.items()):
        yield f"  {one_line(str(name))}: {one_line(str(value))}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n           ")
