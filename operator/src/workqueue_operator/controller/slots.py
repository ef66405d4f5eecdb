"""So many questions to one broker at once, and who has to wait is called when it is his turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from workqueue_operator.core.access import Access

AT_ONCE = 4
"""Per broker access: one that answers slowly may not take every thread of ours."""


@dataclass(slots=True)
class _Counter:
    busy: int = 0
    waiting: dict[str, None] = field(default_factory=dict)  # uids, in the order they came


class Slots:
    """Never blocks: who gets none is remembered, and woken through `take_called`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[Access, _Counter] = {}
        self._called: set[str] = set()

    @contextmanager
    def slot(self, access: Access, uid: str) -> Iterator[bool]:
        """Whether there is a slot for this WorkQueue; it is held until the end of the block."""
        taken = self._take(access, uid)
        try:
            yield taken
        finally:
            if taken:
                self._give_back(access)

    def take_called(self) -> frozenset[str]:
        """The uids of those that waited and may ask again now."""
        with self._lock:
            called, self._called = frozenset(self._called), set()
        return called

    def _take(self, access: Access, uid: str) -> bool:
        with self._lock:
            counter = self._counters.setdefault(access, _Counter())
            if counter.busy >= AT_ONCE:
                counter.waiting[uid] = None
                return False
            counter.waiting.pop(uid, None)
            counter.busy += 1
            return True

    def _give_back(self, access: Access) -> None:
        """Call the next; the last one calls everybody who is left, so that nobody is forgotten."""
        with self._lock:
            counter = self._counters[access]
            counter.busy -= 1
            following = list(counter.waiting)[: None if counter.busy == 0 else 1]
            for uid in following:
                del counter.waiting[uid]
            self._called.update(following)
            if counter.busy == 0:
                del self._counters[access]
