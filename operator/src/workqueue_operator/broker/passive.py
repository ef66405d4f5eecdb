"""Many passive declares in one write: the one private call of pika in reading.

pika's own queue_declare keeps one question per channel in flight, and sends it by itself. A broker
answers the questions of one channel in their order, so that many may fly at once: a third of our
work for each queue, and half of the broker's. The frames are made by what pika documents; only
handing them over has no public way. trouble() says whether this pika still has it.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from pika import frame, spec

_HAND_OVER = "_output_marshaled_frames"
# Method frame, channel 7, 8 + 3 bytes, queue.declare (50, 10), ticket 0, "mail", passive, no table.
_EXAMPLE = b"\x01\x00\x07\x00\x00\x00\x10\x00\x32\x00\x0a\x00\x00\x04mail\x01\x00\x00\x00\x00\xce"


def trouble(connection: Any) -> str | None:
    """Why this pika does not let many questions fly on one channel; None when it does."""
    hand_over = getattr(connection, _HAND_OVER, None)
    if not callable(hand_over):
        return f"pika's connection has no {_HAND_OVER}"
    takes = list(inspect.signature(hand_over).parameters)
    if takes != ["marshaled_frames"]:
        return f"pika's {_HAND_OVER} takes {', '.join(takes)}"
    if question(7, "mail") != _EXAMPLE:
        return "pika writes a passive declare in another way"
    return None


def question(channel_number: int, queue: str) -> bytes:
    """The frame that asks for one queue, and makes none."""
    method = spec.Queue.Declare(queue=queue, passive=True)
    return bytes(frame.Method(channel_number, method).marshal())


def send(connection: Any, channel_number: int, queues: Iterable[str]) -> None:
    """Ask for all of them, in this order, in one write."""
    frames = b"".join([question(channel_number, queue) for queue in queues])
    getattr(connection, _HAND_OVER)([frames])
