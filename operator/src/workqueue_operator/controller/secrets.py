"""Secrets, read sparingly: `get` is the only right on them, so no watch tells of a change."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import ApiError, SecretMissingError
from workqueue_operator.core.workqueue import WorkQueue

READ_EVERY_SECONDS = 60.0
AFTER_REFUSAL_SECONDS = 5.0

Data = Mapping[str, bytes]
Name = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class _Entry:
    """One Secret, as last read. The lock makes one thread read it, and the others wait for that."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: set[str] = field(default_factory=set)  # uids of WorkQueues
    data: Data | None = None
    missing: str | None = None  # why there are no data
    read_at: float = float("-inf")


class Secrets:
    """One read a minute for each distinct Secret, however many WorkQueues use it."""

    def __init__(self, read: Callable[[str, str], Data], clock: Clock) -> None:
        """`read(namespace, name)` as in ports.Cluster.read_secret."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Name, _Entry] = {}
        self._used: dict[str, Name] = {}  # by uid

    def access(self, wq: WorkQueue, *, refused: bool) -> Access:
        """The broker access of a WorkQueue. refused: the last one was, so look at once.

        Raises:
            SecretError: absent, or it does not say where the broker is.
            ApiError: the API server did not answer, and never had before.
        """
        secret, vhost = wq.broker.secret_name, wq.broker.vhost
        age = AFTER_REFUSAL_SECONDS if refused else READ_EVERY_SECONDS
        data = self._data(self._entry(wq.uid, (wq.namespace, secret)), (wq.namespace, secret), age)
        return from_secret(secret, data, vhost=vhost, management_uri=wq.broker.management_uri)

    def forget(self, uid: str) -> None:
        """This WorkQueue is gone; what nobody uses is kept no longer."""
        with self._lock:
            name = self._used.pop(uid, None)
            if name is not None:
                self._leave(uid, name)

    def _entry(self, uid: str, name: Name) -> _Entry:
        with self._lock:
            before = self._used.get(uid)
            if before is not None and before != name:
                self._leave(uid, before)
            self._used[uid] = name
            entry = self._entries.setdefault(name, _Entry())
            entry.users.add(uid)
            return entry

    def _leave(self, uid: str, name: Name) -> None:
        entry = self._entries[name]
        entry.users.discard(uid)
        if not entry.users:
            del self._entries[name]

    def _data(self, entry: _Entry, name: Name, max_age_seconds: float) -> Data:
        with entry.lock:
            if entry.missing is not None:
                max_age_seconds = AFTER_REFUSAL_SECONDS
            if self._clock.monotonic() - entry.read_at >= max_age_seconds:
                self._read_now(entry, name)
            if entry.data is None:
                raise SecretMissingError(str(entry.missing))
            return entry.data

    def _read_now(self, entry: _Entry, name: Name) -> None:
        now = self._clock.monotonic()
        try:
            entry.data, entry.missing = self._read(*name), None
        except SecretMissingError as error:
            entry.data, entry.missing = None, str(error)
        except ApiError:
            if entry.data is None:
                raise
            # What it said before holds until the API server answers again; asked again soon.
            now += AFTER_REFUSAL_SECONDS - READ_EVERY_SECONDS
        entry.read_at = now
