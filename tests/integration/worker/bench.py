"""The broker's side of the tests: what the operator and a producer do, by pika itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pika
import requests

from integration.worker.harness import Worker, eventually, pod_environment
from kit.rabbit import Broker

QUEUE_ARGUMENTS = {
    "Quorum": {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "tasks.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    },
    "Classic": {
        "x-queue-type": "classic",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "tasks.dead",
    },
}


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


SLOW_MACHINE_SECONDS = 10


def in_time_seconds(heartbeat_seconds: int) -> float:
    """How soon a worker is to consume again, once its broker can be had; and some for others."""
    return 3 * heartbeat_seconds + 5 + SLOW_MACHINE_SECONDS


@dataclass
class Bench:
    """One queue `tasks` with its dead letters, and the workers started on it."""

    broker: Broker
    directory: Path
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                host=self.broker.host,
                port=self.broker.port,
                virtual_host=self.broker.vhost,
                credentials=pika.PlainCredentials(self.broker.username, self.broker.password),
                heartbeat=0,
            )
        )
        self.channel: Any = self._connection.channel()
        self.channel.confirm_delivery()

    def declare(self, queue_type: str = "Quorum") -> Bench:
        arguments = QUEUE_ARGUMENTS[queue_type]
        self.channel.queue_declare("tasks", durable=True, arguments=arguments)
        dead = {"x-queue-type": arguments["x-queue-type"]}
        self.channel.queue_declare("tasks.dead", durable=True, arguments=dead)
        return self

    def declare_retry(self, *seconds: int) -> None:
        """The queues of the delay steps, as the operator declares them."""
        for step in seconds:
            arguments = {
                "x-queue-type": "quorum",
                "x-message-ttl": step * 1000,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "tasks",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                "x-delivery-limit": -1,
            }
            self.channel.queue_declare(f"tasks.retry.{step}", durable=True, arguments=arguments)

    def publish(self, *bodies: str, **properties: Any) -> None:
        for body in bodies:
            self.publish_bytes(body.encode(), **({"message_id": body} | properties))

    def publish_bytes(self, body: bytes, **properties: Any) -> None:
        kept = pika.BasicProperties(delivery_mode=2, **properties)
        self.channel.basic_publish("", "tasks", body, kept, mandatory=True)

    def start(
        self,
        name: str = "pod-1",
        *,
        heartbeat_seconds: int | None = None,
        broker_at: tuple[str, int] | None = None,
        **env: str,
    ) -> Worker:
        """Start a worker; `env` replaces names of its environment, without WORKQUEUE_."""
        told = pod_environment(self.directory, self.broker, name=name, port=a_free_port())
        told |= {f"WORKQUEUE_{key}": value for key, value in env.items()}
        if broker_at is not None:
            self.mount_address(*broker_at)
        worker = Worker(self.directory, told, heartbeat_seconds)
        self.workers.append(worker)
        return worker

    def unplug_broker(self) -> None:
        """From the next connection on, nobody listens where the Secret points to."""
        self.mount_address("127.0.0.1", 1)

    def mount_address(self, host: str, port: int) -> None:
        (self.directory / "broker" / "host").write_text(host)
        (self.directory / "broker" / "port").write_text(str(port))

    def ledger(self, word: str) -> list[str]:
        """The lines of that word, as `body attempt pod`, in order."""
        path = self.directory / "ledger"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{word} ")]

    def await_ledger(self, word: str, count: int, *, seconds: float = 15) -> list[str]:
        what = f"{count} {word} in the ledger"
        eventually(lambda: len(self.ledger(word)) >= count, seconds=seconds, what=what)
        return self.ledger(word)

    def await_works(self, worker: Worker, task: str, *, seconds: float) -> None:
        """A task that is published now is done within so long."""
        self.publish(task)
        done = f"{task} 1 {worker.env['WORKQUEUE_POD_NAME']}"
        eventually(lambda: done in self.ledger("completed"), seconds=seconds, what=f"{task} done")

    def ready(self, queue: str = "tasks") -> int:
        count: int = self.channel.queue_declare(queue, passive=True).method.message_count
        return count

    def consumers(self) -> int:
        count: int = self.channel.queue_declare("tasks", passive=True).method.consumer_count
        return count

    def await_dead_letter(self, *, seconds: float = 15) -> tuple[str, dict[str, Any]]:
        """Body and headers of the next one, taken out of its queue (which counts deliveries)."""
        eventually(lambda: self.ready("tasks.dead"), seconds=seconds, what="a dead letter")
        _, properties, body = self.channel.basic_get("tasks.dead", auto_ack=True)
        own_count = "x-delivery-count"
        return body.decode(), {k: v for k, v in properties.headers.items() if k != own_count}

    def assert_nothing_left(self) -> None:
        """Neither ready nor unacknowledged: what a lost channel held would come back as ready."""
        for worker in self.workers:
            worker.end()
        eventually(lambda: not self.consumers(), what="no consumer any more")
        assert self.ready() == 0

    def connections(self) -> list[dict[str, Any]]:
        """The management's list of this vhost's connections: some seconds old."""
        answer = self._manage("GET", f"/api/vhosts/{self.broker.vhost}/connections")
        listed: list[dict[str, Any]] = answer.json()
        return listed

    def close_connection_of(self, pod: str) -> None:
        """As an administrator does: the broker closes it with 320 CONNECTION_FORCED."""

        def named() -> list[str]:
            listed = self.connections()
            return [c["name"] for c in listed if c.get("user_provided_name") == pod]

        for name in eventually(named, seconds=20, what=f"the connection of {pod}"):
            self._manage("DELETE", f"/api/connections/{quote(name, safe='')}")

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self._connection.close()

    def _manage(self, verb: str, path: str) -> requests.Response:
        login = (self.broker.username, self.broker.password)
        url = self.broker.management_uri + path
        answer = requests.request(verb, url, auth=login, timeout=10)
        answer.raise_for_status()
        return answer
