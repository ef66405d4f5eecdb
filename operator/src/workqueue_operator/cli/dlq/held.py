"""Deliveries that were handed out and not acknowledged. Pure."""

from collections.abc import Iterable, Iterator


class Held:
    """Their tags, which grow."""

    def __init__(self) -> None:
        self._tags: dict[int, None] = {}  # a set in order

    def add(self, tag: int) -> None:
        """It was handed out, after all that were before."""
        self._tags[tag] = None

    def acknowledgements(self, tags: Iterable[int]) -> Iterator[tuple[int, bool]]:
        """Tag by tag what to send for these; True: it goes for all held ones before it, too.

        One for all of them, if nothing is held before or between them.
        """
        wanted = set(tags)
        last = 0
        for tag in self._tags:
            if tag not in wanted:
                break
            last = tag
        rest = sorted(tag for tag in wanted if tag > last)
        for tag in wanted:
            del self._tags[tag]
        if last:
            yield last, True
        yield from ((tag, False) for tag in rest)
