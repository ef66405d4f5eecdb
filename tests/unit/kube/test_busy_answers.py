"""Asking workers over real HTTP; a worker's image is the user's, so nothing it says is trusted."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from unit.kube.raw_objects import pod
from workqueue_operator.cluster.workers import ask_busy, pod_of
from workqueue_operator.ports import BusyAnswer


@contextmanager
def worker(*parts: bytes, pause_seconds: float = 0.0, host: str = "127.0.0.1") -> Iterator[int]:
    """A worker that answers everybody with these bytes, with a pause before each part."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    over = Event()
    with socket.create_server((host, 0), family=family, backlog=512) as server:

        def serve() -> None:
            while not over.is_set():
                client, _address = server.accept()
                with client:
                    client.recv(4096)
                    speak(client)

        def speak(client: socket.socket) -> None:
            for part in parts:
                if over.wait(pause_seconds):
                    return
                try:
                    client.sendall(part)
                except OSError:
                    return  # the asker has hung up, as it should

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            socket.create_connection(server.getsockname()[:2]).close()
            thread.join()


def http(body: bytes, status: str = "200 OK", header: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + header + b"\r\n" + body


def ask(port: int, ip: str | None = "127.0.0.1") -> BusyAnswer | None:
    return ask_busy([pod_of(pod(ip=ip))], port=port)["mail-1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_worker_says_what_it_holds(host: str) -> None:
    body = b'{"busy": 3, "draining": true, "consuming": false}'
    with worker(http(body), host=host) as port:
        assert ask(port, host) == BusyAnswer(busy=3, draining=True)


def test_a_worker_says_what_it_has_finished() -> None:
    body = b'{"busy": 0, "draining": false, "consuming": true, "tasks": 12, "seconds": 34.5}'
    with worker(http(body)) as port:
        assert ask(port) == BusyAnswer(busy=0, draining=False, worked=(12, 34.5))


@pytest.mark.parametrize(
    ("counters", "delivered"),
    [
        pytest.param(b', "deliveries": 9, "redelivered": 4', (9, 4), id="both"),
        pytest.param(b', "deliveries": 9', None, id="deliveries only"),
        pytest.param(b', "redelivered": 4', None, id="redelivered only"),
        pytest.param(b', "deliveries": 3, "redelivered": 4', None, id="more than all"),
    ],
)
def test_a_worker_says_what_had_been_delivered_before(
    counters: bytes, delivered: tuple[int, int] | None
) -> None:
    with worker(http(b'{"busy": 1, "draining": false' + counters + b"}")) as port:
        assert ask(port) == BusyAnswer(busy=1, draining=False, delivered=delivered)


@pytest.mark.parametrize(
    "counters",
    [
        pytest.param(b"", id="an older image"),
        pytest.param(b', "tasks": 1', id="tasks only"),
        pytest.param(b', "seconds": 1.5', id="seconds only"),
        pytest.param(b', "tasks": true, "seconds": 1.5', id="a flag for tasks"),
        pytest.param(b', "tasks": 1.5, "seconds": 1.5', id="half a task"),
        pytest.param(b', "tasks": -1, "seconds": 1.5', id="fewer than no tasks"),
        pytest.param(b', "tasks": 1, "seconds": true', id="a flag for seconds"),
        pytest.param(b', "tasks": 1, "seconds": "1.5"', id="a text for seconds"),
        pytest.param(b', "tasks": 1, "seconds": -0.1', id="less than no time"),
        pytest.param(b', "tasks": 1, "seconds": NaN', id="no number"),
        pytest.param(b', "tasks": 1, "seconds": Infinity', id="for ever"),
        pytest.param(b', "tasks": 1, "seconds": 1' + b"0" * 400, id="longer than a float can be"),
        pytest.param(b', "tasks": 1' + b"0" * 400 + b', "seconds": 1', id="too many tasks"),
    ],
)
def test_counters_that_are_none_do_not_spoil_the_answer(counters: bytes) -> None:
    with worker(http(b'{"busy": 1, "draining": false' + counters + b"}")) as port:
        assert ask(port) == BusyAnswer(busy=1, draining=False, worked=None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http(b"{}"), id="no field"),
        pytest.param(http(b'{"busy": true, "draining": false}'), id="a flag for a number"),
        pytest.param(http(b'{"busy": -1, "draining": false}'), id="fewer than none"),
        pytest.param(http(b'{"busy": "1", "draining": false}'), id="a text for a number"),
        pytest.param(http(b'{"busy": 1, "draining": 0}'), id="a number for a flag"),
        pytest.param(http(b"[1]"), id="a list"),
        pytest.param(http(b"\xff"), id="no text"),
        pytest.param(http(b"[" * 100_000), id="nested without end"),
        pytest.param(http(b'{"busy": 0, "draining": false}', "503 No"), id="an error status"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", id="another protocol"),
        pytest.param(b"", id="nothing at all"),
    ],
)
def test_whatever_is_no_answer_is_unknown_and_not_idle(answer: bytes) -> None:
    with worker(answer) as port:
        assert ask(port) is None


def test_a_redirect_is_not_followed() -> None:
    with worker(http(b'{"busy": 0, "draining": false}')) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere}/busy\r\n".encode()
        with worker(http(b"", "302 Found", location)) as port:
            assert ask(port) is None


def test_given_a_worker_that_drips_then_it_costs_one_second_and_holds_up_nobody() -> None:
    body = b'{"busy": 1, "draining": false}'
    drops = [bytes([byte]) for byte in http(body)]
    with worker(*drops, pause_seconds=0.3) as port:
        pods = [pod_of(pod(name="slow", ip="127.0.0.1")), pod_of(pod(name="none", ip=None))]
        started = time.monotonic()
        answers = ask_busy(pods, port=port)
        took = time.monotonic() - started

    assert answers == {"slow": None, "none": None}
    assert took < 5


def test_given_a_port_that_nobody_listens_on_then_it_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert ask(port) is None


def test_three_hundred_are_asked_in_parallel() -> None:
    pods = [pod_of(pod(name=f"p{number}", ip="127.0.0.1")) for number in range(300)]
    with worker(http(b'{"busy": 1, "draining": false}')) as port:
        answers = ask_busy(pods, port=port)

    assert set(answers.values()) == {BusyAnswer(busy=1, draining=False)}
    assert len(answers) == 300


def test_nobody_to_ask_is_no_question() -> None:
    assert ask_busy([]) == {}


@pytest.mark.parametrize(
    ("raw", "ready", "terminating"),
    [
        pytest.param(pod(), True, False, id="running and ready"),
        pytest.param(pod(conditions=[]), False, False, id="not ready"),
        pytest.param(
            {"metadata": {"name": "new", "uid": "1"}}, False, False, id="without a status"
        ),
        pytest.param(
            {"metadata": {"name": "old", "uid": "1", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
            False,
            True,
            id="terminating",
        ),
    ],
)
def test_a_pod_is_read(raw: dict[str, object], ready: bool, terminating: bool) -> None:
    found = pod_of(raw)

    assert (found.ready, found.terminating) == (ready, terminating)
    assert found.raw is raw
