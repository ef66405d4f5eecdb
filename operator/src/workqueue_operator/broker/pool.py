"""Sessions kept open for a few seconds, so that a thousand WorkQueues do not open a thousand."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workqueue_operator.broker.session import Session
from workqueue_operator.core.access import Access

# Nobody answers heartbeats on an idle session: it must end before the broker misses two of them.
IDLE_SECONDS = 4.0
_LOOK_SECONDS = 1.0


class Sessions:
    """Lends sessions, each to one thread at a time, and ends those that nobody wanted lately."""

    def __init__(self, connect: Callable[[Access], Session] = Session) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._idle: list[tuple[float, Access, Session]] = []
        self._reaper: threading.Thread | None = None

    @contextmanager
    def lend(self, access: Access, *, fresh: bool = False) -> Iterator[Session]:
        """A session of this access: an idle one, or (always, when fresh) a new one."""
        session = (None if fresh else self._take(access)) or self._connect(access)
        try:
            yield session
        finally:
            self._give_back(access, session)

    def close(self) -> None:
        """End the idle ones, within a second; what is lent ends when it is given back."""
        self._closed.set()
        reaper = self._reaper
        if reaper is not None:
            reaper.join(timeout=1.0)

    def _take(self, access: Access) -> Session | None:
        with self._lock:
            for index, (_, whose, session) in enumerate(self._idle):
                if whose == access and session.usable:
                    del self._idle[index]
                    session.resumed = True
                    return session
        return None

    def _give_back(self, access: Access, session: Session) -> None:
        if not session.usable:
            session.close()
            return
        with self._lock:
            self._idle.append((time.monotonic(), access, session))
            if self._reaper is None:
                self._reaper = threading.Thread(target=self._reap, name="sessions", daemon=True)
                self._reaper.start()

    def _reap(self) -> None:
        """Runs while there is an idle session, and ends with the last of them."""
        while True:
            self._closed.wait(_LOOK_SECONDS)
            for session in self._expired(time.monotonic()):
                session.close()
            with self._lock:
                if not self._idle:
                    self._reaper = None
                    return

    def _expired(self, now: float) -> list[Session]:
        with self._lock:
            old = [
                entry
                for entry in self._idle
                if self._closed.is_set() or now - entry[0] >= IDLE_SECONDS
            ]
            self._idle = [entry for entry in self._idle if entry not in old]
        return [session for _, _, session in old]
