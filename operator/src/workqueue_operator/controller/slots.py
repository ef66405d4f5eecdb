"""So many questions to one broker at once, and who has to wait is called when it is his turn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from workqueue_operator.core.access import Access

AT_ONCE = 4
"""Per broker access: one that answers slowly may not take every thread of ours."""
SLOW_SECONDS = 4.0
"""Who takes longer than this is asked one question at a time, until it answers sooner."""


@dataclass(slots=True)
class _Counter:
    busy: int = 0
    slow: bool = False
    waiting: dict[str, None] = field(default_factory=dict)  # uids, in the order they came

    @property
    def room(self) -> int:
        return (1 if self.slow else AT_ONCE) - self.busy

    @property
    def is_idle(self) -> bool:
        return not (self.busy or self.slow or self.waiting)


class Slots:
    """Never blocks: who gets none is remembered, and woken through `take_called`."""

    def __init__(self, monotonic: Callable[[], float], *, in_all: int) -> None:
        """in_all: for all brokers together; fewer than there are threads, or several slow brokers
        would take every one of them."""
        self._monotonic = monotonic
        self._in_all = in_all
        self._lock = threading.Lock()
        self._counters: dict[Access, _Counter] = {}
        self._called: set[str] = set()

    @contextmanager
    def slot(self, access: Access, uid: str) -> Iterator[bool]:
        """Whether there is a slot for this WorkQueue; it is held until the end of the block."""
        taken, began = self._take(access, uid), self._monotonic()
        try:
            yield taken
        finally:
            if taken:
                self._give_back(access, slow=self._monotonic() - began > SLOW_SECONDS)

    def take_called(self) -> frozenset[str]:
        """The uids of those that waited and may ask again now."""
        with self._lock:
            called, self._called = frozenset(self._called), set()
        return called

    def _take(self, access: Access, uid: str) -> bool:
        with self._lock:
            counter = self._counters.setdefault(access, _Counter())
            if counter.room <= 0 or self._free() <= 0:
                counter.waiting[uid] = None
                return False
            counter.waiting.pop(uid, None)
            counter.busy += 1
            return True

    def _give_back(self, access: Access, *, slow: bool) -> None:
        with self._lock:
            counter = self._counters[access]
            counter.busy -= 1
            counter.slow = slow
            self._call()
            if counter.is_idle:
                del self._counters[access]

    def _call(self) -> None:
        """Call as many as have room now; the last who leaves calls everybody, so that nobody is
        forgotten who was called and did not come."""
        last = not any(counter.busy for counter in self._counters.values())
        free = self._free()
        for counter in self._counters.values():
            following = list(counter.waiting)[: None if last else max(0, min(counter.room, free))]
            for uid in following:
                del counter.waiting[uid]
            self._called.update(following)

    def _free(self) -> int:
        return self._in_all - sum(counter.busy for counter in self._counters.values())
