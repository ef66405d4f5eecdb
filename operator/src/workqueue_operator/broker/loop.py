"""pika's I/O loop, run in slices by the one thread that owns it."""

import time
from collections.abc import Callable
from typing import Any

from pika.adapters.select_connection import IOLoop


class Loop:
    """Runs callbacks until something is true or a time has passed. Only wake() is for others."""

    def __init__(self) -> None:
        self._ioloop = IOLoop()

    @property
    def ioloop(self) -> Any:
        """What pika's connection wants."""
        return self._ioloop

    def run(self, seconds: float, *, until: Callable[[], bool]) -> bool:
        """Run for so long at most; returns whether `until` came true.

        It is looked at whenever somebody calls stop() or wake().
        """
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._slice(left)
        return True

    def stop(self) -> None:
        """End the slice that runs. For the owning thread, from a callback."""
        self._ioloop.stop()

    def wake(self) -> None:
        """End the slice that runs, or the next one. For any thread, also after close()."""
        self._ioloop.add_callback_threadsafe(self._ioloop.stop)

    def close(self) -> None:
        """Give back the file descriptors."""
        self._ioloop.close()

    def _slice(self, seconds: float) -> None:
        timer = self._ioloop.call_later(seconds, self._ioloop.stop)
        try:
            self._ioloop.start()
        finally:
            self._ioloop.remove_timeout(timer)
