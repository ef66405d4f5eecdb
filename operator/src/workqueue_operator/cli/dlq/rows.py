"""The table of `workqueue dlq list`. Pure."""

from collections.abc import Sequence
from datetime import datetime

from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.safe import one_line, preview

HEADS = ("ID", "AGE", "REASON", "ATTEMPTS", "SIZE", "ERROR", "BODY")
ID_WIDTH, REASON_WIDTH, ERROR_WIDTH, BODY_WIDTH = 40, 16, 48, 32

Row = tuple[str, ...]


def row(letter: Letter, *, now: datetime) -> Row:
    """The cells of one letter; a dash where nobody says."""
    failed_at, attempts = letter.failed_at, letter.attempts
    return (
        one_line(letter.id, ID_WIDTH),
        "-" if failed_at is None else age((now - failed_at).total_seconds()),
        one_line(letter.reason or "-", REASON_WIDTH),
        "-" if attempts is None else str(attempts),
        size(len(letter.body)),
        one_line(letter.error, ERROR_WIDTH) or "-",
        preview(letter.body, BODY_WIDTH),
    )


def table(rows: Sequence[Row]) -> str:
    """With its heads, and a line end; empty without rows."""
    if not rows:
        return ""
    lines = [HEADS, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(_line(cells, widths) for cells in lines)


def age(seconds: float) -> str:
    """In the largest unit of which there are two, as kubectl does."""
    whole = max(int(seconds), 0)
    for unit, name in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= 2 * unit:
            return f"{whole // unit}{name}"
    return f"{whole}s"


def size(count: int) -> str:
    """Bytes, for people."""
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"


def _line(cells: Row, widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "   ".join(padded).rstrip() + "\n"
