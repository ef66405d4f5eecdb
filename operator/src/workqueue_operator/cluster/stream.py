"""List a kind once, then watch it for ever: one thread, raw JSON, nothing kept."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workqueue_operator.cluster.api import Api, Query, Stream
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import Json

log = logging.getLogger(__name__)

GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a watch is.

    server_seconds: after this the server ends the watch, and it is opened anew where it ended.
    silence_seconds: a connection without a byte for so long counts as lost. The server sends a
        bookmark about once a minute.
    first_retry_seconds, last_retry_seconds: pauses between failures, doubling, with jitter.
    """

    server_seconds: int = 300
    silence_seconds: float = 90.0
    first_retry_seconds: float = 0.5
    last_retry_seconds: float = 30.0


class Listener:
    """What a ListWatch tells. Called from its thread; whatever these raise ends the thread."""

    def __init__(
        self,
        *,
        listed: Callable[[Sequence[Json]], None],
        changed: Callable[[Json], None],
        deleted: Callable[[Json], None],
    ) -> None:
        self.listed = listed
        self.changed = changed
        self.deleted = deleted


class ListWatch:
    """Tells a listener everything that is there, and then everything that happens to it.

    `listed` comes first, and again whenever the server no longer knows where the watch was
    (410): what vanished meanwhile is then missing in it.
    """

    def __init__(
        self, api: Api, path: str, query: Query, listener: Listener, timing: Timing
    ) -> None:
        self._api = api
        self._path = path
        self._query = query
        self._listener = listener
        self._timing = timing
        self._version: str | None = None
        self._failures = 0
        self._turned_at = time.monotonic()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._turned_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End without waiting; see join."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.interrupt()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(seconds)

    def alive(self, now: float) -> bool:
        """Whether the thread runs and still turns. now: monotonic seconds.

        An API server that does not answer does not make it less alive.
        """
        patience = 2 * self._timing.silence_seconds + self._timing.last_retry_seconds
        return self._thread.is_alive() and now - self._turned_at < patience

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            try:
                self._turn()
            except ApiError as error:
                self._failed(error)
            if self._failures:
                self._stopping.wait(self._pause())

    def _turn(self) -> None:
        """List where there is nothing to go on from, then watch until the server ends it."""
        self._failures += 1  # until something is heard
        if self._version is None:
            self._version = self._list()
        for event in self._open(self._version):
            self._hear(event)

    def _failed(self, error: ApiError) -> None:
        if self._stopping.is_set():
            return
        if error.status == GONE:
            self._version = None
        log.warning("watch of %s: %s; trying again", self._path, error)

    def _pause(self) -> float:
        doubled = self._timing.first_retry_seconds * 2.0 ** min(self._failures - 1, 16)
        spread = random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
        return spread * min(doubled, self._timing.last_retry_seconds)

    def _list(self) -> str:
        items: list[Json] = []
        version = ""
        for page in self._api.pages(self._path, self._query):
            items.extend(page["items"])
            version = page["metadata"]["resourceVersion"]
        self._listener.listed(items)
        return version

    def _open(self, version: str) -> Stream:
        stream = self._api.open_stream(
            self._path,
            {
                **self._query,
                "watch": "true",
                "allowWatchBookmarks": "true",
                "resourceVersion": version,
                "timeoutSeconds": str(self._timing.server_seconds),
            },
            silence_seconds=self._timing.silence_seconds,
        )
        with self._lock:
            self._stream = stream
            if self._stopping.is_set():
                stream.interrupt()
        return stream

    def _hear(self, event: Any) -> None:
        kind, subject = event["type"], event["object"]
        if kind == "ERROR":
            raise ApiError(subject.get("code", 0), subject.get("message", "the watch failed"))
        if kind == "DELETED":
            self._listener.deleted(subject)
        elif kind != "BOOKMARK":
            self._listener.changed(subject)
        self._version = subject["metadata"]["resourceVersion"]
        self._failures = 0
        self._turned_at = time.monotonic()
