"""The queue, its dead-letter queue and its retry queues, as RabbitMQ wants them declared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Arguments = dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePolicy:
    """spec.queue.policy: what may change after the declaration. None: no limit is asked for."""

    max_length: int | None = None
    max_length_bytes: int | None = None
    message_ttl_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """spec.queue with its effective name; always durable. An instance that exists is valid.

    own_arguments: spec.queue.arguments. retry_delays_seconds: of spec.worker.retry, ascending; the
    queues for them are declared with this one.
    """

    name: str
    type: Literal["Quorum", "Classic"]
    delivery_limit: int | None
    dead_letters: Literal["Declare", "None"]
    deletion_policy: Literal["Retain", "DeleteIfEmpty", "Delete"]
    own_arguments: Mapping[str, str | int] = field(default_factory=dict)
    policy: QueuePolicy = QueuePolicy()
    retry_delays_seconds: tuple[int, ...] = ()

    @property
    def dead_letter_name(self) -> str | None:
        """The queue that tasks given up end in; None: nothing is ever given up."""
        return f"{self.name}.dead" if self.dead_letters == "Declare" else None

    @property
    def retry_queues(self) -> Mapping[str, int]:
        """Name -> seconds that a failed task waits in it, before it comes back by itself."""
        return {f"{self.name}.retry.{seconds}": seconds for seconds in self.retry_delays_seconds}


def arguments(queue: Queue) -> Arguments:
    """The x-arguments of the queue, fixed at its creation.

    A later version must add none: the broker refuses to redeclare (AMQP 406).
    """
    return _ours(queue) | dict(queue.own_arguments)


def _ours(queue: Queue) -> Arguments:
    if queue.dead_letter_name is None:
        # A plain queue is adopted as it is, and the broker takes "no type" for classic only.
        return {} if queue.type == "Classic" else {"x-queue-type": "quorum"}
    common: Arguments = {
        "x-queue-type": queue.type.lower(),
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue.dead_letter_name,
    }
    if queue.type == "Classic":
        return common
    limit: Arguments = (
        {} if queue.delivery_limit is None else {"x-delivery-limit": queue.delivery_limit}
    )
    # at-least-once falls back to at-most-once, silently, without reject-publish.
    safe: Arguments = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
    return common | safe | limit


def retry_arguments(queue: Queue, seconds: int, *, broker_major: int) -> Arguments:
    """The x-arguments of a retry queue: what has waited there long enough goes back.

    Quorum whatever the queue is: only there does the broker keep a task until it has arrived
    where it goes (at-least-once), so that none is lost on its way back.
    """
    common: Arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": seconds * 1000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue.name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return common | ({"x-delivery-limit": -1} if broker_major >= 4 else {})


def dead_letter_arguments(queue: Queue, *, broker_major: int) -> Arguments:
    """The x-arguments of the dead-letter queue: the same type, and no way out of it.

    Since RabbitMQ 4 a quorum queue drops a message that was handed back more than 20 times, and
    looking at the dead letters hands them back. -1 lifts that; older brokers have no limit.
    """
    kind: Arguments = {"x-queue-type": queue.type.lower()}
    if queue.type == "Quorum" and broker_major >= 4:
        return kind | {"x-delivery-limit": -1}
    return kind
