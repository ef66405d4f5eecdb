"""The HTTP server of a worker: /healthz, /readyz, /busy and /metrics."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from workqueue_worker.metrics import Metrics
from workqueue_worker.settings import SettingsError
from workqueue_worker.state import State

JSON_TYPE, TEXT_TYPE = "application/json", "text/plain; charset=utf-8"


class ProbeServer(ThreadingHTTPServer):
    """Answers from memory, in threads of its own, on IPv4 and IPv6."""

    daemon_threads = True

    def __init__(self, port: int, state: State, metrics: Metrics) -> None:
        self.state = state
        self.metrics = metrics
        if socket.has_dualstack_ipv6():
            self.address_family = socket.AF_INET6
        super().__init__(("", port), ProbeHandler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer's own: that asks DNS for this host's name, and may wait for it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "worker", self.server_address[1]

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        state = self.state
        match path.partition("?")[0]:
            case "/healthz":
                return _verdict(state.alive, "the I/O loop turns", "the I/O loop is stuck")
            case "/readyz":
                return _verdict(state.consuming, "consuming", "not consuming")
            case "/busy":
                return 200, JSON_TYPE, json.dumps(_busy(state, self.metrics)).encode()
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, self.metrics.exposition()
        return 404, TEXT_TYPE, b"try /healthz /readyz /busy /metrics\n"


class ProbeHandler(BaseHTTPRequestHandler):
    server: ProbeServer
    timeout = 5  # a peer that says nothing does not keep a thread for ever

    def do_GET(self) -> None:
        status, content_type, body = self.server.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Probes come every few seconds and are no event."""


def _verdict(good: bool, yes: str, no: str) -> tuple[int, str, bytes]:  # noqa: FBT001 - one private use
    return (200 if good else 503), TEXT_TYPE, f"{yes if good else no}\n".encode()


def _busy(state: State, metrics: Metrics) -> dict[str, Any]:
    """What the operator asks for.

    busy: tasks held now. tasks, seconds: those that handlers have finished, however they ended,
    and the time these took. deliveries, redelivered: all that came, and those that somebody had
    before. All four count from the start of this process, as /metrics does.
    """
    tasks, seconds = metrics.worked
    deliveries, redelivered = metrics.deliveries
    return {
        "busy": state.busy,
        "draining": state.draining,
        "consuming": state.consuming,
        "tasks": tasks,
        "seconds": round(seconds, 6),
        "deliveries": deliveries,
        "redelivered": redelivered,
    }


def serve(port: int, state: State, metrics: Metrics) -> ProbeServer:
    """Start to answer.

    Raises:
        SettingsError: the port is taken.
    """
    try:
        server = ProbeServer(port, state, metrics)
    except OSError as error:
        raise SettingsError(
            f"WORKQUEUE_PROBE_PORT {port}: {error.strerror}. Another process of this pod has it: "
            "let that one use another port"
        ) from None
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
