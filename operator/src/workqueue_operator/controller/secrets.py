"""Secrets, read sparingly: `get` is the only right on them, so no watch tells of a change."""

import threading
from collections.abc import Callable, Mapping

from workqueue_operator.controller.clock import Clock
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.errors import SecretMissingError
from workqueue_operator.core.workqueue import WorkQueue

READ_EVERY_SECONDS = 60.0
AFTER_REFUSAL_SECONDS = 5.0

Data = Mapping[str, bytes]
Name = tuple[str, str]  # namespace, name


class Secrets:
    """One read a minute for each distinct Secret, however many WorkQueues use it."""

    def __init__(self, read: Callable[[str, str], Data], clock: Clock) -> None:
        """`read(namespace, name)` as in ports.Cluster.read_secret."""
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Name, tuple[Data | SecretMissingError, float]] = {}

    def access(self, wq: WorkQueue, *, refused: bool) -> Access:
        """The broker access of a WorkQueue. refused: the last one was, so look at once.

        Raises:
            SecretError: absent, or it does not say where the broker is.
            ApiError: the API server did not answer.
        """
        secret, vhost = wq.broker.secret_name, wq.broker.vhost
        age = AFTER_REFUSAL_SECONDS if refused else READ_EVERY_SECONDS
        data = self._data((wq.namespace, secret), age)
        return from_secret(secret, data, vhost=vhost, management_uri=wq.broker.management_uri)

    def _data(self, name: Name, max_age_seconds: float) -> Data:
        now = self._clock.monotonic()
        with self._lock:
            known, read_at = self._known.get(name, (None, 0.0))
        if isinstance(known, SecretMissingError):
            max_age_seconds = AFTER_REFUSAL_SECONDS
        if known is None or now - read_at >= max_age_seconds:
            known = self._read_now(name)
            with self._lock:
                self._known[name] = (known, now)
        if isinstance(known, SecretMissingError):
            raise known
        return known

    def _read_now(self, name: Name) -> Data | SecretMissingError:
        try:
            return self._read(*name)
        except SecretMissingError as error:
            return error
