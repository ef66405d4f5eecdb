"""The management API is asked again as soon as AMQP has the broker back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from workqueue_operator.broker.management import CALM_SECONDS, ManagementReader
from workqueue_operator.core.access import Access


class Counting(ThreadingHTTPServer):
    """An API without any queue; counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = threading.Semaphore(0)


class _Handler(BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")
        self.server.asked.release()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing to tell."""


@contextmanager
def reading(api: Counting) -> Iterator[ManagementReader]:
    access = Access(
        host="127.0.0.1",
        port=5672,
        tls=False,
        vhost="/",
        username="guest",
        password="guest",
        management_uri=f"http://127.0.0.1:{api.server_address[1]}",
    )
    reader = ManagementReader(access, share=lambda: 1e-9)  # the longest pause
    reader.start()
    try:
        yield reader
    finally:
        reader.close()


def test_a_broker_that_is_back_is_asked_before_the_pause_is_over() -> None:
    with Counting() as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        with reading(api) as reader:
            assert api.asked.acquire(timeout=10)
            reader.broker_is_back()
            assert api.asked.acquire(timeout=CALM_SECONDS / 2), "not asked although called"
        api.shutdown()
