"""A way to the broker that can fall silent, for connections old and new, and speak again."""

import socket
import threading
from contextlib import suppress


class Way:
    """Forwards from a port of this machine to the broker. Close it at the end."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._speaks = threading.Event()
        self._speaks.set()
        self._ends: list[socket.socket] = []
        self._open = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Nothing passes any more; nothing closes, and new connections are taken."""
        self._speaks.clear()

    def speak(self) -> None:
        """What was held back passes now, and all that comes."""
        self._speaks.set()

    def cut(self) -> None:
        """Close the connections there are; new ones work."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):  # it has gone by itself
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def open_connections(self) -> int:
        """How many clients are connected."""
        return self._open

    def close(self) -> None:
        """End everything."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        self._speaks.set()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                self._open += 1
                threading.Thread(target=self._upstream, args=(near, far), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near), daemon=True).start()

    def _upstream(self, near: socket.socket, far: socket.socket) -> None:
        self._pump(near, far)
        self._open -= 1

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # cut
            while chunk := source.recv(65536):
                self._speaks.wait()
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


class Hole:
    """An address that swallows every SYN: nobody accepts, and the queue is full."""

    def __init__(self) -> None:
        self._server = socket.socket()
        self._server.bind(("127.0.0.1", 0))
        self._server.listen(0)
        self.port: int = self._server.getsockname()[1]
        self._fillers = [self._fill() for _ in range(4)]

    def close(self) -> None:
        """Give the address back."""
        for filler in self._fillers:
            filler.close()
        self._server.close()

    def _fill(self) -> socket.socket:
        filler = socket.socket()
        filler.settimeout(0)
        filler.connect_ex(("127.0.0.1", self.port))
        return filler
