"""A way to the broker that takes a while, as a network does: both directions, every byte."""

import contextlib
import queue
import socket
import threading
import time
from types import TracebackType
from typing import Self

Parcel = tuple[float, bytes]


class SlowWay:
    """Forwards to one address; what comes in leaves `one_way_seconds` later."""

    def __init__(self, host: str, port: int, one_way_seconds: float) -> None:
        self._target = (host, port)
        self._one_way_seconds = one_way_seconds
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # nobody ever came
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                for source, sink in ((near, far), (far, near)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    parcels: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
                    for pump, end in ((self._take_in, source), (_send_on, sink)):
                        threading.Thread(target=pump, args=(end, parcels), daemon=True).start()

    def _take_in(self, source: socket.socket, parcels: queue.SimpleQueue[Parcel | None]) -> None:
        with contextlib.suppress(OSError):  # either end has gone
            while chunk := source.recv(65536):
                parcels.put((time.monotonic() + self._one_way_seconds, chunk))
        parcels.put(None)


def _send_on(sink: socket.socket, parcels: queue.SimpleQueue[Parcel | None]) -> None:
    with contextlib.suppress(OSError):  # either end has gone
        while (parcel := parcels.get()) is not None:
            due, chunk = parcel
            time.sleep(max(0.0, due - time.monotonic()))
            sink.sendall(chunk)
    sink.close()
