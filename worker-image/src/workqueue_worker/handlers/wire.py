"""Messages between a worker and the process that runs its function, over a pair of sockets."""

from __future__ import annotations

import socket
import struct

LENGTH = struct.Struct("!Q")


class Wire:
    """One end. Only one thread sends and only one receives."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end

    def send(self, message: bytes) -> None:
        """Raises OSError (TimeoutError, if the socket has a timeout) where the other is gone."""
        self.socket.sendall(LENGTH.pack(len(message)) + message)

    def receive(self) -> bytes | None:
        """The next message; None when the other end is gone."""
        head = self._exactly(LENGTH.size)
        return None if head is None else self._exactly(LENGTH.unpack(head)[0])

    def _exactly(self, count: int) -> bytes | None:
        parts, missing = [], count
        while missing:
            part = self._part(min(missing, 1 << 20))
            if not part:
                return None
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _part(self, most: int) -> bytes:
        try:
            return self.socket.recv(most)
        except ConnectionResetError:  # it ended with words of ours unread
            return b""
