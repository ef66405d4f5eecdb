"""Runs the real command against the real broker; only the API server is a small one of its own.

It holds one WorkQueue and its Secrets: what else a cluster does is no part of these tests.
"""

import base64
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pika

import workqueue_operator
from integration.dlq.small_api import kubeconfig, serving
from kit.kube import wait_for
from kit.rabbit import Broker

WORK, DEAD = "mail", "mail.dead"
COMMAND_SECONDS = 60
QUORUM: Mapping[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": -1}
CLASSIC: Mapping[str, Any] = {"x-queue-type": "classic"}


@dataclass(frozen=True, slots=True)
class Run:
    """How one command ended."""

    code: int
    out: str
    err: str


@dataclass
class Rig:
    """What a test needs to tell its story."""

    broker: Broker
    objects: dict[str, Any]
    kubeconfig: Path
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, verb: str, *words: str, stdin: Any = subprocess.DEVNULL) -> Any:
        """Start a command on WorkQueue mail; its output can be read."""
        source = str(Path(workqueue_operator.__file__).parents[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "workqueue_operator.cli.main", "dlq", verb, WORK, *words],
            env={**os.environ, "PYTHONPATH": source, "KUBECONFIG": str(self.kubeconfig)},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, verb: str, *words: str) -> Run:
        """Run one to its end."""
        return ended(self.start(verb, *words))

    def user(self, name: str, password: str) -> None:
        """Have the Secret name another user."""
        self.objects["secrets/rabbitmq"] = _secret(self.broker, username=name, password=password)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A client of the broker."""
        login = pika.PlainCredentials(self.broker.username, self.broker.password)
        where = pika.ConnectionParameters(
            self.broker.host, self.broker.port, self.broker.vhost, login
        )
        with pika.BlockingConnection(where) as connection:
            yield connection.channel()

    def declare(self, arguments: Mapping[str, Any] = QUORUM) -> None:
        """Both queues, of one type."""
        with self.channel() as channel:
            for name in (WORK, DEAD):
                channel.queue_declare(name, durable=True, arguments=dict(arguments))

    def fill(self, count: int, *, first: int = 0, pad: int = 0) -> None:
        """Dead letters with a story: task n failed n minutes after the first one."""
        before = self.ready(DEAD)
        with self.channel() as channel:
            for n in range(first, first + count):
                channel.basic_publish("", DEAD, body(n) + b" " * pad, _properties(n))
        wait_for("all to be there", lambda: self.ready(DEAD) >= before + count, seconds=30)

    def ready(self, queue: str) -> int:
        """How many wait there."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def drain(self, queue: str) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """Take all out: number and headers, in order."""
        with self.channel() as channel:
            waiting = channel.queue_declare(queue, passive=True).method.message_count
            found = channel.consume(queue, auto_ack=True, inactivity_timeout=20)
            # The range first: it ends without waiting for one more.
            taken = [each for _, each in zip(range(waiting), found, strict=False)]
        return [(number(message), properties.headers) for _, properties, message in taken]

    def census(self) -> tuple[Counter[int], Sequence[int]]:
        """How often each task is in either queue, and those in the dead letters in their order."""
        back, dead = self.drain(WORK), self.drain(DEAD)
        return Counter(n for n, _ in (*back, *dead)), [n for n, _ in dead]


def ended(process: Any) -> Run:
    """Wait for its end."""
    out, err = process.communicate(timeout=COMMAND_SECONDS)
    return Run(process.returncode, out, err)


def body(n: int) -> bytes:
    """A task; every tenth is no text."""
    return b"\xff\0%d" % n if n % 10 == 9 else b'{"task": %d}' % n


def number(message: bytes) -> int:
    """Its number again."""
    return int("".join(chr(each) for each in message if chr(each).isdecimal()))


def _properties(n: int) -> pika.BasicProperties:
    began = datetime.now(UTC) - timedelta(days=30)
    headers = {
        "x-workqueue-reason": "DeadLetter" if n % 3 == 0 else "MaxAttempts",
        "x-workqueue-attempts": 5,
        "x-workqueue-error": "ValueError: \x1b[31mno",
        "x-workqueue-queue": WORK,
        "x-workqueue-first-failure": (began + timedelta(minutes=n)).isoformat(),
        "tenant": f"tenant-{n % 2}",
    }
    return pika.BasicProperties(
        message_id=f"id-{n}", headers=headers, delivery_mode=2, content_type="text/plain"
    )


@contextmanager
def rig(
    broker: Broker, folder: Path, authorities: Mapping[str, str] | None = None
) -> Iterator[Rig]:
    """The broker's own vhost, behind an API server with WorkQueue mail in it.

    authorities: what is in the Secret of spec.broker.caSecretName; None: it names none.
    """
    objects = {
        f"workqueues/{WORK}": _workqueue(broker.vhost, trusting=authorities is not None),
        "secrets/rabbitmq": _secret(broker),
        "secrets/ca": _as_secret(authorities or {}),
    }
    with serving(objects) as port:
        made = Rig(broker, objects, kubeconfig(folder, port))
        try:
            yield made
        finally:
            for process in made.running:
                process.kill()
                process.communicate()


def _workqueue(vhost: str, *, trusting: bool) -> dict[str, Any]:
    meta = {"name": WORK, "namespace": "default", "uid": "u", "generation": 1}
    dates = {"resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    worker = {"image": "x", "handler": {"own": {}}}
    place = {"secretName": "rabbitmq", "vhost": vhost} | (
        {"caSecretName": "ca"} if trusting else {}
    )
    spec = {"broker": place, "worker": worker}
    return {"metadata": {**meta, **dates}, "spec": spec}


def _secret(broker: Broker, **changed: str) -> dict[str, Any]:
    return _as_secret(broker.secret(host=broker.host, **changed)["stringData"])


def _as_secret(data: Mapping[str, str]) -> dict[str, Any]:
    return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}
