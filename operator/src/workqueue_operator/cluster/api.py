"""A small client of the Kubernetes API: raw JSON, timeouts, bounded retries. Thread-safe."""

import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import urllib3
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util import Retry, Timeout

from workqueue_operator.cluster.connection import Connection
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import Json

Query = Mapping[str, str]

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
PAGE = 500

SHORT_WAIT_SECONDS = 1.0
"""A Retry-After up to this is waited for here; a longer one is for the caller to come back."""

_BUSY_OR_BROKEN = frozenset({429, 500, 502, 503, 504})
_CONFLICT = frozenset({409})


class _Brief(Retry):
    """Gives up where the server asks for a long pause: the thread has others to serve."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if response is not None and _pool is not None:
            seconds = _retry_after(response.headers)
            if seconds > SHORT_WAIT_SECONDS:
                raise MaxRetryError(_pool, str(url), ResponseError(f"again in {seconds:.0f} s"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; an API server writes no dates there."""
    asked = headers.get("Retry-After", "0")
    return float(asked) if asked.isdecimal() else 0.0


def _retries(statuses: frozenset[int]) -> Retry:
    """Three tries in all, within a second or as long as a short Retry-After asks.

    Every method may be repeated: applies and patches say the whole value, deletions name a uid,
    and an event has a name of its own. The steps come back later by themselves.
    """
    return _Brief(
        total=2,
        read=1,  # a server that hangs has already cost READ_SECONDS
        redirect=0,
        status_forcelist=statuses,
        allowed_methods=None,
        backoff_factor=0.25,
        backoff_jitter=0.25,
        retry_after_max=1,
        raise_on_status=False,
    )


RETRIES = _retries(_BUSY_OR_BROKEN)
RETRIES_WITH_CONFLICT = _retries(_BUSY_OR_BROKEN | _CONFLICT)


class Api:
    """Requests to one API server over a pool of connections."""

    def __init__(self, connection: Connection, *, connections: int = 16) -> None:
        self._connection = connection
        self._pool = connection.pool(connections)

    def request(  # noqa: PLR0913 - the parts of an HTTP request, all but two with a default
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        retry_conflict: bool = False,
    ) -> Json:
        """Ask, and return the parsed answer.

        retry_conflict: also repeat what was answered 409; not where the body names a
        resourceVersion or uid, for then a conflict is the answer.

        Raises:
            ApiError: the server refused (its status and words), or did not answer (status 0).
        """
        try:
            response = self._pool.request(
                method,
                self._url(path, query or {}),
                body=None if body is None else json.dumps(body).encode(),
                headers={**self._headers(accept), "Content-Type": content_type},
                timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=RETRIES_WITH_CONFLICT if retry_conflict else RETRIES,
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._silent(error) from error
        return _parsed(response)

    def pages(self, path: str, query: Query, *, accept: str = "application/json") -> Iterator[Json]:
        """List in pages of at most PAGE objects; the last page has the list's resourceVersion."""
        proceed = ""
        while True:
            page = self.request(
                "GET",
                path,
                query={**query, "limit": str(PAGE), "continue": proceed},
                accept=accept,
            )
            # An empty metadata-only list comes with `items: null`.
            yield {**page, "items": page["items"] or []}
            proceed = page["metadata"].get("continue", "")
            if not proceed:
                return

    def open_stream(self, path: str, query: Query, *, silence_seconds: float) -> "Stream":
        """Open a watch. A read ends with ApiError after so much silence.

        Raises:
            ApiError: the server refused, or did not answer (status 0).
        """
        try:
            response = self._pool.request(
                "GET",
                self._url(path, query),
                headers=self._headers("application/json"),
                timeout=Timeout(connect=CONNECT_SECONDS, read=silence_seconds),
                retries=False,
                preload_content=False,
            )
            if response.status != 200:
                _parsed(response)
        except urllib3.exceptions.HTTPError as error:
            raise self._silent(error) from error
        return Stream(response, self._connection.server)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._pool.clear()

    def _url(self, path: str, query: Query) -> str:
        return f"{self._connection.server}{path}" + (f"?{urlencode(query)}" if query else "")

    def _headers(self, accept: str) -> dict[str, str]:
        authorization = self._connection.authorization()
        headers = {"Accept": accept, "User-Agent": "workqueue-operator"}
        return headers if authorization is None else {**headers, "Authorization": authorization}

    def _silent(self, error: Exception) -> ApiError:
        return _no_answer(self._connection.server, error)


class Stream:
    """The lines of an open watch, as they come."""

    def __init__(self, response: urllib3.BaseHTTPResponse, server: str) -> None:
        self._response = response
        self._server = server
        self._interrupted = False

    def __iter__(self) -> Iterator[Json]:
        """Parsed lines until the server ends the stream; a line that was cut off is dropped.

        Raises:
            ApiError: (status 0) the connection broke, or was silent for too long.
        """
        pending = b""
        try:
            for chunk in self._response.stream():
                *lines, pending = (pending + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines)
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer(self._server, error) from error
        except ValueError:
            # A TLS socket that is shut down under a reader hands out bytes that are still sealed.
            if not self._interrupted:
                raise
        finally:
            self._response.close()

    def interrupt(self) -> None:
        """Wake the thread that is reading: its stream ends. May be called from any thread."""
        self._interrupted = True
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError):
            return  # it has ended by itself in the meantime


def _no_answer(server: str, error: Exception) -> ApiError:
    cause = getattr(error, "reason", None) or error
    return ApiError(0, f"the Kubernetes API at {server} did not answer: {cause}")


def _parsed(response: urllib3.BaseHTTPResponse) -> Json:
    status, data = response.status, response.data
    try:
        answer: Any = json.loads(data) if data else {}
    except ValueError:
        answer = {"message": f"the answer is not JSON: {data[:200]!r}"}
        status = status if status >= 300 else 502
    if status >= 300:
        message = str(answer.get("message") or f"HTTP status {status}")
        raise ApiError(status, message, _retry_after(response.headers))
    return dict(answer)
