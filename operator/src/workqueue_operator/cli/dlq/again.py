"""A dead letter as it goes back to its queue. Pure but for pika's properties."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pika

from workqueue_operator.cli.dlq.letter import OURS, REPLAYED, Letter

_OF_ITS_FIRST_LIFE = frozenset(
    {
        # What the broker wrote when it gave the task up.
        *("x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason"),
        *("x-last-death-exchange", "x-last-death-queue", "x-last-death-reason"),
        # Counters of a delivery's life in one queue.
        *("x-delivery-count", "x-acquired-count"),
        # Orders to the exchange to route copies elsewhere; they were carried out.
        *("CC", "BCC"),
    }
)


@dataclass(frozen=True, slots=True)
class Message:
    """What is published."""

    body: bytes
    properties: Any


def again(letter: Letter) -> Message:
    """The same task with a clean record: its id, body, properties and the users' headers.

    `expiration` is left out (a second chance must not die of age), and `user_id`, which the broker
    would compare with ours. It is persistent, whatever it was.
    """
    old = letter.properties
    properties = pika.BasicProperties(
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        headers=_headers(letter),
        delivery_mode=pika.DeliveryMode.Persistent.value,
        priority=letter.priority,
        correlation_id=old.correlation_id,
        reply_to=old.reply_to,
        message_id=letter.id,
        timestamp=old.timestamp,
        type=old.type,
        app_id=old.app_id,
    )
    return Message(letter.body, properties)


def _headers(letter: Letter) -> Mapping[str, Any]:
    kept = {
        name: value
        for name, value in letter.headers.items()
        if not name.startswith(OURS) and name not in _OF_ITS_FIRST_LIFE
    }
    return kept | {REPLAYED: letter.replayed + 1}
