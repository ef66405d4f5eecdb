"""An API server that knows a few objects, and a kubeconfig that leads to it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


@contextmanager
def serving(objects: Mapping[str, Any]) -> Iterator[int]:
    """Give these, by plural/name in whatever namespace, on this port."""
    server = _Server(objects)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(folder: Path, port: int) -> Path:
    """A file for it."""
    path = folder / "kubeconfig"
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    users = [{"name": "u", "user": {}}]
    about = {"apiVersion": "v1", "kind": "Config", "current-context": "c"}
    path.write_text(
        json.dumps(about | {"clusters": [cluster], "users": users, "contexts": [context]})
    )
    return path


class _Server(ThreadingHTTPServer):
    """Answers for objects by the last two segments of their paths."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = objects
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        found = self.server.objects.get("/".join(self.path.split("/")[-2:]))
        text = json.dumps(found or {"message": f"there is no {self.path}"}).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
