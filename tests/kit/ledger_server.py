"""The ledger: keeps what handlers write into it, outside worker and broker. Runs in a pod.

POST /LINE appends a JSON object with the server's own time; GET /entries?since=N gives them.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = 8080
_entries: list[dict[str, object]] = []
_lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Append one entry; answered only once it is kept."""
        entry = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with _lock:
            _entries.append({**entry, "at": time.time()})
        self._send({})

    def do_GET(self) -> None:
        """All entries from a number on."""
        since = int(parse_qs(urlsplit(self.path).query).get("since", ["0"])[0])
        with _lock:
            kept = _entries[since:]
        self._send({"entries": kept})

    def _send(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing: the ledger is the record."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", PORT), Handler)
    server.daemon_threads = True
    server.serve_forever()
