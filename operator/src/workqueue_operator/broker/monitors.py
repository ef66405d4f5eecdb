"""The monitors of the process: one per broker access, as long as it has a queue."""

import threading
import time
from collections.abc import Sequence

from workqueue_operator.broker.monitor import Monitor, SweepObserver
from workqueue_operator.broker.pace import FLOOR_SECONDS
from workqueue_operator.core.access import Access
from workqueue_operator.ports import ReadingSink

_CLOSE_SECONDS = 1.9


class RabbitMonitors:
    """The Monitors of ports.py."""

    def __init__(
        self,
        sink: ReadingSink,
        *,
        read_cpu_fraction: float = 0.10,
        floor_seconds: float = FLOOR_SECONDS,
        observe: SweepObserver | None = None,
    ) -> None:
        """Begin with none.

        read_cpu_fraction: of one core, above 0, for all monitors together: of our CPU, and of the
            brokers' (where with thousands of queues we ask for twice as much; a list of totals of
            the management API adds half as much while there are tasks or consumers). The less it
            is, the more rarely sleeping queues are read, and the others, too, where they get half
            of it; none more rarely than every 20 s, whatever that costs.
        floor_seconds: between two turns, however little they cost. Every queue is read in each
            turn, as long as the budget allows.
        """
        self._sink = sink
        self._read_cpu_fraction = read_cpu_fraction
        self._floor_seconds = floor_seconds
        self._observe = observe
        self._lock = threading.Lock()
        self._monitors: dict[Access, Monitor] = {}

    def watch(self, access: Access, queue: str) -> None:
        """See ports.Monitors: read this queue in every sweep from now on."""
        with self._lock:
            monitor = self._monitors.get(access)
            if monitor is not None:
                monitor.watch(queue)
                return
            monitor = self._monitors[access] = self._monitor(access)
            # Before the start, or a broker that refuses quickly has nothing to tell yet.
            monitor.watch(queue)
            monitor.start()

    def watch_seldom(self, access: Access, queue: str) -> None:
        """See ports.Monitors: read it now and then, as long as others of this access are read."""
        with self._lock:
            monitor = self._monitors.get(access)
            if monitor is not None:
                monitor.watch_seldom(queue)

    def unwatch(self, access: Access, queue: str) -> None:
        """See ports.Monitors: the last queue of an access ends its monitor."""
        with self._lock:
            monitor = self._monitors.get(access)
            if monitor is not None and not monitor.unwatch(queue):
                del self._monitors[access]
                monitor.close()

    def alive(self) -> Sequence[str]:
        """See ports.Monitors: addresses of monitors that do not turn any more."""
        now = time.monotonic()
        with self._lock:
            return [
                access.address
                for access, monitor in self._monitors.items()
                if not monitor.turns(now)
            ]

    def close(self) -> None:
        """See ports.Monitors: end all threads and connections, within 2 s."""
        with self._lock:
            monitors = list(self._monitors.values())
            self._monitors.clear()
        for monitor in monitors:
            monitor.close()
        deadline = time.monotonic() + _CLOSE_SECONDS
        for monitor in monitors:
            monitor.join(deadline - time.monotonic())

    def _monitor(self, access: Access) -> Monitor:
        return Monitor(
            access,
            self._sink,
            share=self._share,
            observe=self._observe,
            floor_seconds=self._floor_seconds,
        )

    def _share(self) -> float:
        """Each monitor's part of the budget. (len() of a dict needs no lock.)"""
        return self._read_cpu_fraction / max(1, len(self._monitors))
