"""Values in messages that pika cannot read or write: an odd message must not end a worker.

What pika raises over them is no error of AMQP, comes out of the middle of its loop, and would
come again in the next worker, which gets the same message.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pika import data

_read: Callable[[bytes, int], tuple[Any, int]] = data.decode_value
_write: Callable[[list[bytes], Any], int] = data.encode_value
_read_short: Callable[[bytes, int], tuple[str | bytes, int]] = data.decode_short_string

FLOATS = {b"f": struct.Struct(">f"), b"d": struct.Struct(">d")}
TIME = struct.Struct(">Q")


def install() -> None:
    """From now on, for all connections of this process."""
    data.decode_value = read
    data.encode_value = write
    data.decode_short_string = read_short_string


def read(encoded: bytes, offset: int) -> tuple[Any, int]:
    """A time beyond the calendar becomes the number that it is; pika makes 1 of 1.5."""
    kind = encoded[offset : offset + 1]
    if form := FLOATS.get(kind):
        return form.unpack_from(encoded, offset + 1)[0], offset + 1 + form.size
    try:
        return _read(encoded, offset)
    except (ValueError, OverflowError, OSError):
        if kind != b"T":
            raise
        seconds = TIME.unpack_from(encoded, offset + 1)[0]
        return min(seconds, 2**63 - 1), offset + 1 + TIME.size


def write(pieces: list[bytes], value: Any) -> int:
    if not isinstance(value, float):
        return _write(pieces, value)
    pieces.append(b"d" + FLOATS[b"d"].pack(value))
    return 9


def read_short_string(encoded: bytes, offset: int) -> tuple[str | bytes, int]:
    """Ids, types and the names of headers are text, and no longer than what was sent."""
    found, end = _read_short(encoded, offset)
    if isinstance(found, bytes):
        found = bytes(byte if byte < 128 else ord("?") for byte in found).decode()
    return found, end
