"""Secrets, read sparingly: `get` is the only right on them, so no watch tells of a change."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import ApiError, SecretMissingError
from workqueue_operator.core.trust import trust_from_secret
from workqueue_operator.core.workqueue import WorkQueue

READ_EVERY_SECONDS = 60.0
AFTER_REFUSAL_SECONDS = 5.0

Data = Mapping[str, bytes]
Name = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class _Entry:
    """One Secret, as last read. The lock makes one thread read it, and the others wait for that."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: dict[str, None] = field(default_factory=dict)  # uids of WorkQueues, in order
    data: Data | None = None
    missing: str | None = None  # why there are no data
    read_at: float = float("-inf")


class Secrets:
    """One read a minute for each distinct Secret, however many WorkQueues use it.

    The first of them looks after it; the others are woken through `take_called` when it changes.
    """

    def __init__(self, read: Callable[[str, str], Data], clock: Clock) -> None:
        """`read(namespace, name)` as in ports.Cluster.read_secret."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Name, _Entry] = {}
        self._used: dict[str, tuple[Name, ...]] = {}  # by uid
        self._called: set[str] = set()

    def access(self, wq: WorkQueue, *, refused: bool) -> Access:
        """The broker access of a WorkQueue. refused: the last one was, so look at once.

        Raises:
            SecretError: absent, or it does not say where the broker is.
            ApiError: the API server did not answer, and never had before.
        """
        broker = wq.broker
        data = self._data(wq, refused=refused)
        trust = None
        if broker.ca_secret_name is not None:
            trust = trust_from_secret(broker.ca_secret_name, data[broker.ca_secret_name])
        return from_secret(
            broker.secret_name,
            data[broker.secret_name],
            vhost=broker.vhost,
            management_uri=broker.management_uri,
            trust=trust,
        )

    def look_again_seconds(self, uid: str) -> float | None:
        """When this one has to look; None: another does, and it is woken where it matters."""
        with self._lock:
            used = self._used.get(uid, ())
            first = any(next(iter(self._entries[name].users)) == uid for name in used)
        return READ_EVERY_SECONDS if first else None

    def take_called(self) -> frozenset[str]:
        """The uids of those whose Secret has changed, or who look after it from now on."""
        with self._lock:
            called, self._called = frozenset(self._called), set()
        return called

    def forget(self, uid: str) -> None:
        """This WorkQueue is gone; what nobody uses is kept no longer."""
        with self._lock:
            for name in self._used.pop(uid, ()):
                self._leave(uid, name)

    def _data(self, wq: WorkQueue, *, refused: bool) -> Mapping[str, Data]:
        """What its Secrets hold, by their names."""
        age = AFTER_REFUSAL_SECONDS if refused else READ_EVERY_SECONDS
        wanted = (wq.broker.secret_name, wq.broker.ca_secret_name)
        names = tuple(dict.fromkeys((wq.namespace, name) for name in wanted if name is not None))
        data: dict[str, Data] = {}
        for name, entry in zip(names, self._enter(wq.uid, names), strict=True):
            if self._read_if_older(entry, name, age):
                with self._lock:
                    self._called.update(entry.users.keys() - {wq.uid})
            found = entry.data
            if found is None:
                raise SecretMissingError(str(entry.missing))
            data[name[1]] = found
        return data

    def _enter(self, uid: str, names: tuple[Name, ...]) -> list[_Entry]:
        """This WorkQueue uses these Secrets, and no others any more."""
        with self._lock:
            for name in self._used.get(uid, ()):
                if name not in names:
                    self._leave(uid, name)
            self._used[uid] = names
            entries = [self._entries.setdefault(name, _Entry()) for name in names]
            for entry in entries:
                entry.users[uid] = None
            return entries

    def _leave(self, uid: str, name: Name) -> None:
        entry = self._entries[name]
        was_first = next(iter(entry.users)) == uid
        entry.users.pop(uid)
        if not entry.users:
            del self._entries[name]
        elif was_first:
            self._called.add(next(iter(entry.users)))

    def _read_if_older(self, entry: _Entry, name: Name, max_age_seconds: float) -> bool:
        """Returns whether it says something else than before."""
        with entry.lock:
            if entry.missing is not None:
                max_age_seconds = AFTER_REFUSAL_SECONDS
            if self._clock.monotonic() - entry.read_at < max_age_seconds:
                return False
            known, before = entry.read_at > float("-inf"), (entry.data, entry.missing)
            self._read_now(entry, name)
            return known and before != (entry.data, entry.missing)

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
