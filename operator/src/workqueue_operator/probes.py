"""The operator's HTTP side: /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from workqueue_operator.settings import SettingsError

Check = Callable[[], str | None]
"""None when all is well, else what is not."""


def serve(
    port: int, registry: CollectorRegistry, *, healthy: Check, ready: Check
) -> Callable[[], None]:
    """Serve from a thread of its own; returns what ends it.

    Raises:
        SettingsError: the port cannot be listened on.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """Answer one request."""
            if self.path == "/metrics":
                self._send(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif self.path in {"/healthz", "/readyz"}:
                trouble = healthy() if self.path == "/healthz" else ready()
                self._send(503 if trouble else 200, f"{trouble or 'ok'}\n".encode(), "text/plain")
            else:
                self._send(404, b"only /healthz, /readyz and /metrics\n", "text/plain")

        def _send(self, code: int, body: bytes, content_type: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes every few seconds are no news."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        raise SettingsError("HTTP_PORT", str(port), f"cannot be listened on: {error}") from error
    server.daemon_threads = True
    look = {"poll_interval": 0.1}  # how long end() may wait for it
    threading.Thread(target=server.serve_forever, kwargs=look, name="http", daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return end
