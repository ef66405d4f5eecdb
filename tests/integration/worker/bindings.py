"""The bindings of the worker runtime, each with the same handler behind it (conduct.py)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.worker.bench import Bench, a_free_port
from integration.worker.harness import SOURCES, Worker

CONDUCT = Path(__file__).parent / "conduct.py"


@dataclass(frozen=True)
class Binding:
    """`survives`: a task that crashes or overruns does not take the worker with it."""

    name: str
    handler: dict[str, Any]
    isolation: str = ""
    survives: bool = True


THREAD = Binding("python-thread", {"python": "conduct:work"}, survives=False)
ASYNC = Binding("python-async", {"python": "conduct:work_async"}, survives=False)
PROCESS = Binding("python-process", {"python": "conduct:work"}, isolation="Process")
COMMAND = Binding("command", {"command": [sys.executable, "conduct.py"]})
HTTP = Binding("http", {"http": {"port": 0, "path": "/tasks"}})
ALL = (THREAD, ASYNC, PROCESS, COMMAND, HTTP)
SURVIVING = tuple(each for each in ALL if each.survives)


@dataclass
class Stage:
    """A bench with a worker of that binding, and with the server that it needs."""

    bench: Bench
    binding: Binding
    _server: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self, *, with_server: bool = True, **env: str) -> Worker:
        directory = self.bench.directory
        shutil.copy(CONDUCT, directory / "conduct.py")
        self.bench.declare()
        self._declare_retry_queue(1)
        handler = dict(self.binding.handler)
        if self.binding is COMMAND:
            handler = {"command": [sys.executable, str(directory / "conduct.py")]}
        if self.binding is HTTP:
            self.port = a_free_port()
            handler = {"http": {"port": self.port, "path": "/tasks"}}
            if with_server:
                self.start_server()
        told = {
            "HANDLER": json.dumps(handler),
            "ISOLATION": self.binding.isolation,
            "RETRY_DELAYS_SECONDS": "1",
        } | env
        return self.bench.start("pod-1", heartbeat_seconds=None, broker_at=None, **told)

    def start_server(self) -> None:
        """In a loop, as the kubelet starts a container again."""
        program = f"{sys.executable} {self.bench.directory}/conduct.py {self.port}"
        told = {"LEDGER": str(self.bench.directory / "ledger"), "PYTHONPATH": str(SOURCES)}
        self._server = subprocess.Popen(
            ["sh", "-c", f"while true; do {program}; sleep 0.2; done"],
            env=os.environ | told,
            start_new_session=True,
        )

    def close(self) -> None:
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()

    def _declare_retry_queue(self, seconds: int) -> None:
        arguments = {
            "x-queue-type": "quorum",
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "tasks",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        name = f"tasks.retry.{seconds}"
        self.bench.channel.queue_declare(name, durable=True, arguments=arguments)
