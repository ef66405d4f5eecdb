"""Tables, and their places between two markers of a page that is otherwise written by hand."""

from collections.abc import Iterable, Sequence


def between(text: str, markers: tuple[str, str], fresh: str, *, page: str) -> str:
    """The text with this between its markers.

    Raises:
        ValueError: it has no markers, so that what is generated would silently be lost.
    """
    begin, end = markers
    if begin not in text or end not in text:
        raise ValueError(f"{page} needs {begin} and {end}: what is generated goes between them")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    return f"{before}{begin}\n{fresh}\n{end}{after}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
