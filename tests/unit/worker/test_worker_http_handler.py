"""`http: {port, path}`: a real server that answers, dawdles, breaks off or is not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from workqueue_worker import Task, outcome
from workqueue_worker.handlers.http import MAX_ANSWER_BYTES, ServerHandler

Answer = Callable[[socket.socket], None]


class Server:
    """Reads requests to their end and answers each as the test says. Keeps connections open."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            self.connections += 1
            with peer:
                while self._read(peer):
                    self._answer(peer)

    def _read(self, peer: socket.socket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (part := peer.recv(65536)):
                return False
            request += part
        head, _, body = request.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += peer.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return True

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    made = []

    def start(answer: Answer) -> Server:
        made.append(Server(answer))
        return made[-1]

    yield start
    for each in made:
        each.close()


_made: list[ServerHandler] = []


@pytest.fixture(autouse=True)
def close_handlers() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


def handler(server: Server, *, limit_seconds: float = 30) -> ServerHandler:
    made = ServerHandler(server.port, "/work?x=1", queue="mail", limit_seconds=limit_seconds)
    _made.append(made)
    return made


def saying(raw: bytes) -> Answer:
    return lambda peer: peer.sendall(raw)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_one_connection_serves_task_after_task(serve: Callable[[Answer], Server]) -> None:
    server = serve(saying(OK))
    under_test = handler(server)
    body = bytes(range(256))
    for number in range(3):
        assert under_test.run(Task(id=str(number), body=body)) == outcome.Ok()
    under_test.close()
    assert server.connections == 1
    assert server.requests[0].startswith(b"POST /work?x=1 HTTP/1.1\r\n")
    assert server.requests[2].endswith(b"\r\n\r\n" + body)
    assert b"ce-id: 2\r\n" in server.requests[2]


def test_a_body_of_any_size_arrives(serve: Callable[[Answer], Server]) -> None:
    server = serve(saying(OK))
    assert handler(server).run(Task(id="1", body=b"x" * 20_000_000)) == outcome.Ok()
    assert len(server.requests[0]) > 20_000_000


def test_given_a_server_that_closes_then_the_next_task_has_a_new_connection(
    serve: Callable[[Answer], Server],
) -> None:
    server = serve(saying(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
    under_test = handler(server)
    assert [under_test.run(Task(id="1", body=b"x")) for _ in range(3)] == [outcome.Ok()] * 3


def test_given_a_server_that_closes_without_a_word_then_the_next_task_does_not_meet_that(
    serve: Callable[[Answer], Server],
) -> None:
    closed = threading.Event()

    def answer(peer: socket.socket) -> None:
        peer.sendall(OK)
        peer.shutdown(socket.SHUT_RDWR)
        closed.set()

    under_test = handler(serve(answer))
    for _ in range(3):
        assert under_test.run(Task(id="1", body=b"x")) == outcome.Ok()
        assert closed.wait(30)
        closed.clear()


def test_an_answer_without_an_end_is_cut_off(serve: Callable[[Answer], Server]) -> None:
    flood = b"HTTP/1.1 500 No\r\nContent-Length: 99999999\r\n\r\n" + b"x" * MAX_ANSWER_BYTES
    server = serve(saying(flood))
    ended = handler(server).run(Task(id="1", body=b"x"))
    assert isinstance(ended, outcome.Retry)
    assert ended.error.startswith("500 No: xxx")
    assert len(ended.error) < 1000


def test_given_a_connection_that_breaks_in_mid_request_then_the_attempt_failed(
    serve: Callable[[Answer], Server],
) -> None:
    server = serve(lambda peer: peer.shutdown(socket.SHUT_RDWR))
    ended = handler(server).run(Task(id="1", body=b"x"))
    assert isinstance(ended, outcome.Retry)
    assert "the connection broke in mid-request" in ended.error


def test_given_what_is_no_http_then_the_attempt_failed(serve: Callable[[Answer], Server]) -> None:
    ended = handler(serve(saying(b"hello\r\n"))).run(Task(id="1", body=b"x"))
    assert isinstance(ended, outcome.Retry)


@pytest.mark.parametrize("drip", [b"", b"x"], ids=["says nothing", "drips byte by byte"])
def test_given_a_server_past_the_limit_then_the_request_is_cut(
    serve: Callable[[Answer], Server], drip: bytes
) -> None:
    over = threading.Event()

    def dawdle(peer: socket.socket) -> None:
        while not over.wait(0.2):
            peer.sendall(drip)

    under_test = handler(serve(dawdle), limit_seconds=1)
    ended = under_test.run(Task(id="1", body=b"x"))
    over.set()
    assert ended == outcome.Retry("no answer after 1 s", timed_out=True)


def test_given_no_server_then_the_task_is_handed_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    under_test = ServerHandler(port, "/", queue="mail", limit_seconds=30)
    ended = under_test.run(Task(id="1", body=b"x"))
    assert isinstance(ended, outcome.Release)
    assert "no server listens" in ended.why
    assert not under_test.ready()


def test_a_server_that_listens_is_ready_for_tasks(serve: Callable[[Answer], Server]) -> None:
    assert handler(serve(saying(OK))).ready()
