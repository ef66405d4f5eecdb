"""Which WorkQueues one size has, and how they are spread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.rabbit import Broker

Json = dict[str, Any]

NAMESPACES = 10
WITH_DEAD_LETTERS_UP_TO = 1_000
QUORUM: Mapping[int, int] = {1: 1, 100: 50, 1_000: 500, 10_000: 500}
"""How many of a size are quorum queues: a quorum queue costs the broker far more memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One WorkQueue; its queue has the same name."""

    namespace: str
    name: str
    queue_type: str

    @property
    def key(self) -> tuple[str, str]:
        """As the API server knows it."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """All WorkQueues of a size: ten namespaces, one vhost, one user."""

    run: str
    size: int

    @property
    def quorum(self) -> int:
        """How many are quorum queues."""
        return QUORUM.get(self.size, self.size // 2)

    @property
    def dead_letters(self) -> str:
        """`Declare` doubles the queues at the broker, which 10,000 would not leave room for."""
        return "Declare" if self.size <= WITH_DEAD_LETTERS_UP_TO else "None"

    def namespaces(self) -> list[str]:
        """Theirs and nobody else's."""
        return [f"{self.run}-{number}" for number in range(min(NAMESPACES, self.size))]

    def members(self) -> list[Member]:
        """Quorum and classic in all namespaces alike."""
        places = self.namespaces()
        return [
            Member(
                namespace=places[number % len(places)],
                name=f"queue-{number:05}",
                queue_type=self._type(number),
            )
            for number in range(self.size)
        ]

    def _type(self, number: int) -> str:
        """The quorum ones are spread evenly."""
        is_quorum = (number + 1) * self.quorum // self.size > number * self.quorum // self.size
        return "Quorum" if is_quorum else "Classic"

    def told(self) -> str:
        """For the reader of the table."""
        each = (
            "each with its dead-letter queue"
            if self.dead_letters == "Declare"
            else "deadLetters: None"
        )
        return f"{self.quorum} quorum and {self.size - self.quorum} classic queues, {each}"


def body(member: Member, population: Population, broker: Broker, image: str) -> Json:
    """A WorkQueue whose pods no scheduler picks up.

    So starting pods disturbs nothing, and a step down need not wait for a window.
    """
    return {
        "apiVersion": "workqueue.dev/v1alpha1",
        "kind": "WorkQueue",
        "metadata": {"name": member.name, "namespace": member.namespace},
        "spec": {
            "broker": {"secretName": "rabbitmq", "vhost": broker.vhost},
            "queue": {"type": member.queue_type, "deadLetters": population.dead_letters},
            "worker": {
                "image": image,
                "handler": {"python": "workqueue_worker.tutorial:work"},
                "podTemplate": {"spec": {"schedulerName": "nobody"}},
            },
            "scaling": {
                "maxWorkers": 200,
                "target": {"metric": "BacklogPerWorker", "value": 1},
                "scaleDown": {"stabilizationSeconds": 0},
            },
        },
    }
