"""An API server that answers as a test has written down, over real HTTP on loopback."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetes.client.configuration import Configuration

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a JSON body, or lines that are sent one by one (a watch).

    hang: after the lines the connection stays open until the test is over.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Any, ...] = ()
    hang: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as the server got it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Script:
    """Answers in the order of the requests; the last one is given for ever after."""

    answers: list[Answer]
    asked: list[Asked] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def next(self, asked: Asked) -> Answer:
        """Take the next answer."""
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def api_server(*answers: Answer) -> Iterator[tuple[Api, Script]]:
    """Serve these answers, with a client of the server."""
    script = Script(list(answers))
    server = _Server(script)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api = Api(Connection(Configuration(host=f"http://127.0.0.1:{server.server_port}")))
    try:
        yield api, script
    finally:
        script.over.set()
        api.close()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, script: Script) -> None:
        self.script = script
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing."""

    def respond(self) -> None:
        answer = self.server.script.next(self.what_was_asked())
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.lines or answer.hang:
            self.stream(answer)
        else:
            self.whole(answer.body)

    do_GET = do_POST = do_PATCH = do_DELETE = respond  # noqa: N815 - names that http.server calls

    def what_was_asked(self) -> Asked:
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Asked(
            method=self.command,
            path=url.path,
            query={name: values[0] for name, values in parse_qs(url.query).items()},
            headers=dict(self.headers),
            body=json.loads(data) if data else None,
        )

    def whole(self, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, answer: Answer) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in answer.lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        if answer.hang:
            self.server.script.over.wait()
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")


def eventually(true: Callable[[], bool], *, seconds: float = 5.0) -> bool:
    """Wait until it is true; False when it did not become so."""
    pause = Event()
    for _ in range(int(seconds / 0.01)):
        if true():
            return True
        pause.wait(0.01)
    return true()
