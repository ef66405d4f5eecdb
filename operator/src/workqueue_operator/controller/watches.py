"""Which WorkQueues each reading is for."""

import threading
from dataclasses import dataclass, field

from workqueue_operator.core.access import Access
from workqueue_operator.ports import Monitors

Target = tuple[Access, str]


@dataclass(slots=True)
class Watches:
    """A queue is read as long as somebody wants its readings."""

    monitors: Monitors
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _uids: dict[Target, frozenset[str]] = field(default_factory=dict)

    def add(self, uid: str, target: Target) -> None:
        """Read this queue for this WorkQueue."""
        with self._lock:
            self._uids[target] = self._uids.get(target, frozenset()) | {uid}
            # Within the lock: or somebody who drops it meanwhile ends the reading after all.
            self.monitors.watch(*target)

    def drop(self, uid: str, target: Target) -> None:
        """This WorkQueue wants it no more."""
        with self._lock:
            left = self._uids.pop(target, frozenset()) - {uid}
            if left:
                self._uids[target] = left
            else:
                self.monitors.unwatch(*target)

    def wanted_by(self, target: Target) -> frozenset[str]:
        """The uids that a reading of this queue is for."""
        return self._uids.get(target, frozenset())

    def addresses(self) -> frozenset[str]:
        """Where queues are read now."""
        with self._lock:
            accesses = {access for access, _ in self._uids}
        return frozenset(access.address for access in accesses)
