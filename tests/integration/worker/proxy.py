"""A way to the broker that can swallow every byte, as a cut cable or a lost node does."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """Forwards to one address. Connections made after `swallow()` work; the others hang."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._cut = threading.Event()
        self.address: tuple[str, int] = self._server.getsockname()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for each in (self._server, *self._sockets):
            with contextlib.suppress(OSError):  # it ended by itself
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def swallow(self) -> None:
        """From now on nothing passes on the connections there are, and none of them closes."""
        self._cut.set()
        self._cut = threading.Event()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the test has ended
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    pair = (source, sink, self._cut)
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, cut: threading.Event) -> None:
    with contextlib.suppress(OSError):  # either end has gone
        while chunk := source.recv(65536):
            if cut.is_set():
                continue
            sink.sendall(chunk)
        if not cut.is_set():
            sink.shutdown(socket.SHUT_WR)
