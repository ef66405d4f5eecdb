"""Reads the input in a thread of its own, a few lots ahead and no further.

The connection's loop must never wait for the input: a pipe may stay silent for an hour, and the
broker wants its heartbeats meanwhile. The input must wait for the broker instead: a full queue
holds the thread back, and with it whoever writes into the pipe.
"""

import queue
import threading
import uuid
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from workqueue_producer.errors import SourceError
from workqueue_producer.source import POLL_SECONDS, Line, Source
from workqueue_producer.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable

LOTS_AHEAD = 4


class Feed:
    """Gives out tasks one by one, each with a new id. All but `_read` runs in one thread."""

    def __init__(self, source: Source) -> None:
        self.unit = source.unit
        self.size = source.size
        self.error: SourceError | None = None
        self.ended = False
        self.bytes_taken = 0
        #: Called from the reading thread whenever `take` may have something new.
        self.on_ready: Callable[[], None] = _nobody
        self._source = source
        self._last_number = 0
        self._lot: deque[Line] = deque()
        self._lots: queue.Queue[list[Line]] = queue.Queue(maxsize=LOTS_AHEAD)
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._reading: Future[None] = self._threads.submit(self._read)
        self._reading.add_done_callback(lambda _: self.on_ready())

    @property
    def unsent_from(self) -> int | None:
        """The first line or argument that was not taken; None when all were."""
        return None if self.ended and not self.error else self._last_number + 1

    def take(self) -> Task | None:
        """Take the next task; None when there is none now, or (`ended`) none any more."""
        if not self._lot and not self._next_lot():
            return None
        line = self._lot.popleft()
        self._last_number = line.number
        self.bytes_taken += len(line.body) + 1
        return Task(str(uuid.uuid4()), line.number, line.body)

    def stop(self) -> None:
        """Stop reading, and wait until the thread has."""
        if self._reading.done() and not self._lot and self._lots.empty():
            self._end()  # nobody came to ask, but there was nothing left
        self._stopped.set()
        self._threads.shutdown()

    def _next_lot(self) -> bool:
        over = self._reading.done()  # asked before the queue, or a last lot could be missed
        try:
            self._lot.extend(self._lots.get_nowait())
        except queue.Empty:
            if over:
                self._end()
            return False
        return True

    def _end(self) -> None:
        error = self._reading.exception()
        if error is not None and not isinstance(error, SourceError):
            raise error
        self.error = error
        self.ended = not self._stopped.is_set()

    def _read(self) -> None:
        for lot in self._source.lots(self._stopped.is_set):
            while not self._put(lot):
                if self._stopped.is_set():
                    return
            self.on_ready()

    def _put(self, lot: list[Line]) -> bool:
        try:
            self._lots.put(lot, timeout=POLL_SECONDS)
        except queue.Full:
            return False
        return True


def _nobody() -> None:
    """Nobody waits for news yet."""
