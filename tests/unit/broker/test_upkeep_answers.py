"""What answers at spec.broker.managementUri need not be a management API."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from workqueue_operator.broker.upkeep import ManagementUpkeep
from workqueue_operator.core.access import Access
from workqueue_operator.core.upkeep import ManagementError

UPKEEP = ManagementUpkeep()
QUESTIONS: list[tuple[str, Callable[[Access], object]]] = [
    ("arguments", lambda access: UPKEEP.arguments(access, "mail")),
    ("consumers", lambda access: UPKEEP.consumers(access, "mail")),
    ("policies", UPKEEP.policies),
]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[Access]:
    """Something that gives the same answer to every question."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Access(
                host="broker",
                port=5672,
                tls=False,
                vhost="/",
                username="me",
                password="not-told",
                management_uri=f"http://127.0.0.1:{server.server_port}",
            )
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"7"], ids=["a page", "another JSON"])
@pytest.mark.parametrize(("name", "ask"), QUESTIONS, ids=[name for name, _ in QUESTIONS])
def test_what_is_no_management_api_is_named_and_is_no_bug(
    name: str, ask: Callable[[Access], object], body: bytes
) -> None:
    with answering(200, body) as access, pytest.raises(ManagementError) as caught:
        ask(access)
    assert "managementUri answers something" in str(caught.value)
    assert "not-told" not in str(caught.value)


@pytest.mark.parametrize(("name", "ask"), QUESTIONS, ids=[name for name, _ in QUESTIONS])
def test_what_is_not_there_is_nothing(name: str, ask: Callable[[Access], object]) -> None:
    with answering(404, b'{"error":"Object Not Found"}') as access:
        assert not ask(access)
