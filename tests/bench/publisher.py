"""Tasks from outside the cluster, each confirmed."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pika

from kit.rabbit import Broker

_PERSISTENT = pika.BasicProperties(delivery_mode=2)
CONNECTIONS = 8


class Publisher:
    """A confirming channel, closed at the end. For one thread."""

    def __init__(self, broker: Broker) -> None:
        who = pika.PlainCredentials(broker.username, broker.password)
        where = pika.ConnectionParameters(
            broker.host, broker.port, broker.vhost, who, blocked_connection_timeout=10, heartbeat=0
        )
        self._connection = pika.BlockingConnection(where)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._connection.close()

    def publish(self, queue: str, tasks: int = 1) -> float:
        """Publish persistent tasks. Returns when the last was confirmed (monotonic seconds)."""
        for _ in range(tasks):
            self._channel.basic_publish("", queue, b"{}", _PERSISTENT, mandatory=True)
        return time.monotonic()

    def purge(self, *queues: str) -> None:
        """Take everything out of these."""
        for queue in queues:
            self._channel.queue_purge(queue)


class Crew:
    """Several publishers at once: one alone waits for each confirm."""

    def __init__(self, broker: Broker) -> None:
        self._publishers = [Publisher(broker) for _ in range(CONNECTIONS)]

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all."""
        for each in self._publishers:
            each.__exit__()

    def publish(self, queues: Sequence[str]) -> tuple[float, float]:
        """A task for each queue. Returns begin and last confirm (monotonic seconds)."""
        parts = [queues[number::CONNECTIONS] for number in range(CONNECTIONS)]
        began = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            ends = pool.map(_publish_all, self._publishers, parts)
        return began, max(ends)

    def purge(self, queues: Sequence[str]) -> None:
        """Take everything out of these."""
        self._publishers[0].purge(*queues)


def _publish_all(publisher: Publisher, queues: Sequence[str]) -> float:
    for queue in queues:
        publisher.publish(queue)
    return time.monotonic()
