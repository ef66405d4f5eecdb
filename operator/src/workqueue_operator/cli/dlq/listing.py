"""Looking through dead letters, without removing any. Pure."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.looking import Walk

T = TypeVar("T")


def found(
    walk: Walk, wanted: Filter, *, now: datetime, scan: int, limit: int | None = None
) -> Iterator[Letter]:
    """Those that are meant, oldest first; no more are looked at than are needed."""
    at_most = scan if limit is None or not wanted.is_empty else min(scan, limit)
    told = 0
    for block in walk.blocks(at_most):
        for letter in block:
            if wanted.matches(letter, now=now):
                yield letter
                told += 1
                if told == limit:
                    return


def in_order(
    letters: Iterator[Letter], told: Callable[[Letter], T], *, limit: int, newest_first: bool
) -> Iterator[T]:
    """Each as it is told. newest_first: only the last ones are kept, and no body of the others."""
    if newest_first:
        yield from reversed(deque(map(told, letters), maxlen=limit))
    else:
        yield from map(told, letters)


def rest_of(walk: Walk, shown: int) -> str:
    """What the table does not show, for standard error; empty: nothing."""
    if not walk.there:
        return "no dead letters\n"
    looked = f"{shown:,} shown, {walk.seen:,} of {walk.there:,} looked at"
    return "" if shown == walk.there else f"{looked}\n"
