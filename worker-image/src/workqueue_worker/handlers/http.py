"""`http: {port, path}`: the task is POSTed to a server beside the worker, as a CloudEvent.

2xx is done; 408, 404, 409, 429 and 5xx are failures, and `Retry-After` says when to try again;
any other 4xx is a task that no attempt will mend. The answer's body tells people why. A server
that does not listen has not seen the task: it is handed back and not counted.
"""

from __future__ import annotations

import http.client
import logging
import select
import socket
import time
from typing import Any, ClassVar

from workqueue_worker import outcome
from workqueue_worker.handlers import Handler
from workqueue_worker.handlers.cloudevents import request_headers
from workqueue_worker.handlers.verdict import judge
from workqueue_worker.logs import fields
from workqueue_worker.task import Task

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
MAX_ANSWER_BYTES = 64 * 1024
"""What goes beyond is not read; the connection is closed instead."""
CONNECT_SECONDS = 5
LOOK_SECONDS = 0.1
IDLE_SECONDS = 1.0
"""Servers close connections that are idle, some after two seconds, and a request that meets the
end would count as a failure. One that was idle for longer than this is not used again."""


class ServerHandler(Handler):
    kind: ClassVar[str] = "http"
    ends_itself: ClassVar[bool] = True

    def __init__(self, port: int, path: str, *, queue: str, limit_seconds: float) -> None:
        self._address = (ADDRESS, port)
        self._path = path
        self._queue = queue
        self._limit_seconds = limit_seconds
        self._connection = Connection(self._address)
        self._last_use = 0.0
        self._waiting = False

    def ready(self) -> bool:
        """Whether the server listens. No task is asked for before it does."""
        try:
            socket.create_connection(self._address, timeout=LOOK_SECONDS).close()
        except OSError:
            if not self._waiting:
                log.info("waiting for the server to listen", extra=fields(port=self._address[1]))
            self._waiting = True
            return False
        if self._waiting:
            log.info("the server listens", extra=fields(port=self._address[1]))
        self._waiting = False
        return True

    def close(self) -> None:
        self._connection.close()

    def run(self, task: Task) -> outcome.Outcome:
        until = time.monotonic() + self._limit_seconds
        try:
            self._connect(until)
        except OSError as error:
            return outcome.Release(f"no server listens at port {self._address[1]}: {error}")
        try:
            ended = self._post(task)
        except TimeoutError:
            ended = self._gone(f"no answer after {self._limit_seconds:g} s", timed_out=True)
        except (OSError, http.client.HTTPException) as error:
            what = str(error) or type(error).__name__
            ended = self._gone(f"the connection broke in mid-request: {what}")
        self._last_use = time.monotonic()
        return ended

    def _gone(self, error: str, *, timed_out: bool = False) -> outcome.Retry:
        self._connection.close()
        return outcome.Retry(error, timed_out=timed_out)

    def _connect(self, until: float) -> None:
        idle_seconds = time.monotonic() - self._last_use
        if idle_seconds > IDLE_SECONDS or self._connection.ended:
            self._connection.close()
        self._connection.until = until
        if self._connection.sock is None:
            self._connection.connect()

    def _post(self, task: Task) -> outcome.Outcome:
        headers = request_headers(task, queue=self._queue)
        self._connection.request("POST", self._path, task.body, headers)
        answer = self._connection.getresponse()
        body = answer.read(MAX_ANSWER_BYTES)
        if not answer.isclosed():
            self._connection.close()
        after = answer.getheader("Retry-After")
        return judge(answer.status, answer.reason, body, retry_after=after)


class Connection(http.client.HTTPConnection):
    """One that is done with at a time on the clock, however slowly it answers byte by byte."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(*address)
        self.auto_open = 0
        self.until = 0.0

    def connect(self) -> None:
        self.sock = _DeadlineSocket(self)
        self.sock.settimeout(min(CONNECT_SECONDS, self.seconds_left()))
        try:
            self.sock.connect((self.host, self.port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            self.close()
            raise

    def seconds_left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def ended(self) -> bool:
        """Whether the server has closed it, or says what nobody asked for."""
        return self.sock is not None and bool(select.select([self.sock], [], [], 0)[0])


class _DeadlineSocket(socket.socket):
    """Every wait ends at the connection's time, and not a timeout after the last byte."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._connection = connection

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        self.settimeout(self._connection.seconds_left())
        super().sendall(data, flags)

    def recv_into(self, *args: Any) -> int:
        self.settimeout(self._connection.seconds_left())
        return super().recv_into(*args)
