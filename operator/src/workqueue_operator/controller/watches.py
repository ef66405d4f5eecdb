"""Which WorkQueues each reading is for."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.core.access import Access
from workqueue_operator.ports import Monitors

Target = tuple[Access, str]


NOBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Watches:
    """A queue is read as long as somebody wants its readings."""

    monitors: Monitors
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _uids: dict[Access, dict[str, frozenset[str]]] = field(default_factory=dict)
    _counted: dict[Access, dict[str, str]] = field(default_factory=dict)

    def add(self, uid: str, target: Target) -> None:
        """Read this queue for this WorkQueue."""
        access, name = target
        with self._lock:
            queues = self._uids.setdefault(access, {})
            queues[name] = queues.get(name, NOBODY) | {uid}
            # Within the lock: or somebody who drops it meanwhile ends the reading after all.
            self.monitors.watch(*target)

    def drop(self, uid: str, target: Target) -> None:
        """This WorkQueue wants it no more."""
        access, name = target
        with self._lock:
            queues = self._uids.get(access, {})
            left = queues.pop(name, NOBODY) - {uid}
            if left:
                queues[name] = left
                return
            if not queues:
                self._uids.pop(access, None)
                self._counted.pop(access, None)
            self.monitors.unwatch(*target)

    def count(self, uid: str, target: Target) -> None:
        """Read the dead letters of this WorkQueue now and then; its queue is read already."""
        access, name = target
        with self._lock:
            if access in self._uids and self._counted.setdefault(access, {}).get(name) != uid:
                self._counted[access][name] = uid
                self.monitors.watch_seldom(access, name)

    def uncount(self, uid: str, target: Target) -> None:
        """Nobody counts them any more."""
        access, name = target
        with self._lock:
            counted = self._counted.get(access, {})
            if counted.get(name) != uid:
                return
            del counted[name]
            if name not in self._uids.get(access, {}):
                self.monitors.unwatch(access, name)

    def counted(self, access: Access) -> Mapping[str, str]:
        """Whose dead letters are in which queue. See `of`."""
        return self._counted.get(access, {})

    def of(self, access: Access) -> Mapping[str, frozenset[str]]:
        """The uids that the readings are for, by queue. It goes on changing: only look things up.

        Once for a sweep, and not for each queue: an Access is slow to compare.
        """
        return self._uids.get(access, {})

    def addresses(self) -> frozenset[str]:
        """Where queues are read now."""
        with self._lock:
            return frozenset(access.address for access in self._uids)
