"""Tasks a second of one worker beside a bare loop, and how soon a worker starts and leaves."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pika

from bench.figures import Figure
from bench.speed_cases import CASES, PASSWORD, USERNAME, key
from kit.kube import wait_for
from kit.slow_way import SlowWay
from tools.crd import REPOSITORY

ROUNDS = 7
WARM, COUNTED_SECONDS = 50, 2.0


def measure(host: str = "10.96.0.50", port: int = 5672) -> Iterator[list[Figure]]:
    """Every case, worker and bare loop by turns; then starts and exits of an idle worker."""
    for case in CASES:
        queue_type, milliseconds, delay = case
        trials: dict[str, list[float]] = {"worker": [], "bare": []}
        for _ in range(ROUNDS):
            for who, rates in trials.items():
                with Bench(host, port, queue_type, delay) as bench:
                    rates.append(bench.rate(who, milliseconds))
        yield [
            Figure(key=key(who, *case), size=0, unit="tasks/s", trials=rates)
            for who, rates in trials.items()
        ]
    with Bench(host, port, "quorum", 0) as bench:
        starts, exits = zip(*(bench.start_and_leave() for _ in range(ROUNDS)), strict=True)
    yield [
        Figure(key="worker-start", size=0, unit="s", trials=starts),
        Figure(key="worker-exit", size=0, unit="s", trials=exits),
    ]


@dataclass
class Bench:
    """A queue of its own, and processes that consume it."""

    host: str
    port: int
    queue_type: str
    delay_ms: int
    queue: str = field(default_factory=lambda: f"bench-{secrets.token_hex(4)}")
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        login = pika.PlainCredentials(USERNAME, PASSWORD)
        parameters = pika.ConnectionParameters(self.host, self.port, "/", login, heartbeat=0)
        connection = pika.BlockingConnection(parameters)
        self.stack.callback(connection.close)
        self.channel: Any = connection.channel()
        arguments = {"x-queue-type": self.queue_type}
        self.channel.queue_declare(self.queue, durable=True, arguments=arguments)
        self.stack.callback(self.channel.queue_delete, self.queue)
        self.folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.at = (self.host, self.port)
        if self.delay_ms:
            way = SlowWay(self.host, self.port, self.delay_ms / 2000)
            self.at = ("127.0.0.1", self.stack.enter_context(way).port)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def rate(self, who: str, milliseconds: int) -> float:
        """Tasks a second of `worker` or `bare`, counted by the handler itself."""
        counted = round(COUNTED_SECONDS / ((milliseconds + self.delay_ms + 1) / 1000))
        self._publish(WARM + counted)
        result = self.folder / "result"
        result.unlink(missing_ok=True)
        told = {
            "SLEEPER_SECONDS": str(milliseconds / 1000),
            "SLEEPER_WARM": str(WARM),
            "SLEEPER_COUNTED": str(counted),
            "SLEEPER_RESULT": str(result),
        }
        with self._running(who, told):
            wait_for("the last task", lambda: result.exists() and result.read_text(), seconds=60)
        return float(result.read_text())

    def start_and_leave(self) -> tuple[float, float]:
        """Process start to ready, and SIGTERM to exit, of a worker without tasks."""
        nothing = dict.fromkeys(("SLEEPER_SECONDS", "SLEEPER_WARM", "SLEEPER_COUNTED"), "0")
        began = time.perf_counter()
        with self._running("worker", nothing | {"SLEEPER_RESULT": "unused"}) as process:
            while not _ready(self.probe_port):
                assert time.perf_counter() - began < 30, "the worker does not consume"
                time.sleep(0.005)
            start = time.perf_counter() - began
            told = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            return start, time.perf_counter() - told

    def _publish(self, count: int) -> None:
        properties = pika.BasicProperties(delivery_mode=2, timestamp=int(time.time()))
        self.channel.confirm_delivery()
        for _ in range(count):
            self.channel.basic_publish("", self.queue, b"x" * 256, properties)

    @contextmanager
    def _running(self, who: str, told: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
        host, port = self.at
        words = ["-m", "bench.bare_loop", host, str(port), self.queue]
        argv = [sys.executable, *(words if who == "bare" else ["-m", "workqueue_worker"])]
        env = {**os.environ, **told, **self._environment()}
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(argv, env=env, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _environment(self) -> Mapping[str, str]:
        secret = self.folder / "broker"
        secret.mkdir(exist_ok=True)
        address = {"host": self.at[0], "port": str(self.at[1])}
        login = {"username": USERNAME, "password": PASSWORD}
        for name, value in (address | login).items():
            (secret / name).write_text(value)
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.probe_port: int = server.getsockname()[1]
        return {
            "WORKQUEUE_QUEUE": self.queue,
            "WORKQUEUE_VHOST": "/",
            "WORKQUEUE_DEAD_LETTER_QUEUE": "",
            "WORKQUEUE_BROKER_DIR": str(secret),
            "WORKQUEUE_HANDLER": '{"python": "bench.sleeper:work"}',
            "WORKQUEUE_MAX_ATTEMPTS": "3",
            "WORKQUEUE_TASK_TIMEOUT_SECONDS": "600",
            "WORKQUEUE_PREFETCH": "1",
            "WORKQUEUE_PROBE_PORT": str(self.probe_port),
            "WORKQUEUE_POD_NAME": "bench-worker",
            "PYTHONPATH": f"{REPOSITORY}/worker-image/src:{REPOSITORY}/tests",
        }


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except urllib.error.URLError:
        return False
