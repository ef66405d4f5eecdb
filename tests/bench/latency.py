"""Publish confirmed -> spec.replicas changed, for one queue.

The workers are never started (no node fits them), so that nothing but the operator is measured:
with one task per worker each further task asks for one worker more.
"""

import random
import time
from typing import Self

import pika

from bench.figures import Figures
from kit.kube import wait_for
from kit.rabbit import Broker
from kit.story import Story
from kit.watching import Replicas

NAME = "latency"
LIMIT_SECONDS = 20


def measure(story: Story, *, trials: int, queue_type: str) -> Figures:
    """Publish one task at a time, at moments that no sweep can be in step with."""
    name = f"{NAME}-{queue_type.lower()}"
    nowhere = {"spec": {"nodeSelector": {"workqueue.dev/bench": "no-such-node"}}}
    story.apply(
        name,
        {
            "queue": {"type": queue_type},
            "worker": {"podTemplate": nowhere},
            "scaling": {"maxWorkers": trials, "target": {"value": 1, "metric": "BacklogPerWorker"}},
        },
    )
    story.wait_ready(name)
    chance = random.Random(1)  # noqa: S311 - repeatable, and no secret
    seconds = []
    with Replicas(story.kube, name) as history, _channel(story.broker) as channel:
        wait_for("the watch", lambda: history.steps, seconds=10)
        for number in range(1, trials + 1):
            time.sleep(chance.uniform(0.2, 0.8))
            channel.publish(name)
            confirmed = time.time()
            seconds.append(_change(history, number, confirmed))
    return Figures(f"publish confirmed to spec.replicas, one {queue_type} queue", "s", seconds)


def _change(history: Replicas, number: int, since: float) -> float:
    def look() -> float | None:
        return next((step.at for step in tuple(history.steps) if step.replicas >= number), None)

    at = wait_for(f"{number} workers", look, seconds=LIMIT_SECONDS, every=0.005)
    return max(0.0, at - since)


class _channel:  # noqa: N801 - used as a function
    """A confirming channel, closed at the end."""

    def __init__(self, broker: Broker) -> None:
        who = pika.PlainCredentials(broker.username, broker.password)
        self._connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                broker.host, broker.port, broker.vhost, who, blocked_connection_timeout=10
            )
        )
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def publish(self, queue: str) -> None:
        """Publish one persistent task and wait for its confirm."""
        persistent = pika.BasicProperties(delivery_mode=2)
        self._channel.basic_publish("", queue, b"{}", persistent, mandatory=True)
