"""Runs the real command against the real broker, and looks at the broker from the side."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import pika
import requests
from requests.auth import HTTPBasicAuth

import workqueue_producer
from kit.rabbit import Broker

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The one line of JSON on standard output."""
        assert self.out.count("\n") == 1, self.out
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


class Message(NamedTuple):
    """A message of the queue, with its properties as pika gives them."""

    text: str
    properties: Any


class Command:
    """A command that is running; its input is a pipe."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> Run:
        """End its input and wait."""
        out, err = self._process.communicate(timeout=50)
        return Run(self._process.returncode, out.decode(), err.decode())

    def leave(self) -> Run:
        """Wait until it leaves by itself, with its input still open."""
        self._process.wait(timeout=50)
        return self.wait()

    def end(self) -> None:
        """Leave nothing behind, also when the test failed."""
        self._process.kill()
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.communicate()


@dataclass
class Rig:
    """What a test needs to tell its story."""

    broker: Broker
    folder: Path
    http: requests.Session
    _users: list[str] = field(default_factory=list)
    _commands: list[Command] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, broker: Broker, folder: Path) -> Iterator["Rig"]:
        """A rig; what it started and made ends with the block. folder: is made."""
        folder.mkdir()
        with requests.Session() as http:
            http.auth = HTTPBasicAuth(broker.username.encode(), broker.password.encode())
            made = cls(broker, folder, http)
            try:
                yield made
            finally:
                made.tidy()

    # --- the command

    def secret(self, **changes: str) -> Path:
        """The broker's Secret as mounted files."""
        files = {
            "host": self.broker.host,
            "port": str(self.broker.port),
            "username": self.broker.username,
            "password": self.broker.password,
            **changes,
        }
        for name, text in files.items():
            (self.folder / name).write_text(text)
        return self.folder

    def start(self, *arguments: str, **secret: str) -> Command:
        command = [
            *(sys.executable, "-m", "workqueue_producer", "publish"),
            *("--vhost", self.broker.vhost, "--broker-dir", str(self.secret(**secret))),
            *("--output", "json", *arguments),
        ]
        environ = {**os.environ, "PYTHONPATH": str(Path(workqueue_producer.__file__).parents[1])}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environ)
        self._commands.append(Command(process))
        return self._commands[-1]

    def publish(self, *arguments: str, **secret: str) -> Run:
        return self.start(*arguments, **secret).wait()

    def lines(self, count: int) -> str:
        """A file of so many tasks, each a line of its own."""
        path = self.folder.parent / "tasks.txt"
        path.write_text("".join(f"task {n}\n" for n in range(1, count + 1)))
        return str(path)

    # --- the broker, seen from the side

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.http.request(
            method, f"{self.broker.management_uri}/api/{path}", json=body, timeout=20
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def drain(self, queue: str) -> list[Message]:
        """Take every message out of a queue."""
        login = pika.PlainCredentials(self.broker.username, self.broker.password)
        parameters = pika.ConnectionParameters(
            self.broker.host, self.broker.port, self.broker.vhost, login
        )
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            waiting = channel.queue_declare(queue, passive=True).method.message_count
            deliveries = channel.consume(queue, auto_ack=True, inactivity_timeout=20)
            return [
                Message(body.decode(), properties)
                for _, (_, properties, body) in zip(range(waiting), deliveries, strict=False)
            ]

    def kill_connections(self) -> int:
        """Close the producer's connections from the broker's side; says how many there were."""
        vhost = quote(self.broker.vhost, safe="")
        found = self.call("GET", f"vhosts/{vhost}/connections")
        for connection in found:
            self.call("DELETE", f"connections/{quote(connection['name'], safe='')}")
        return len(found)

    def make_user(self, name: str, *, configure: str, write: str, read: str) -> dict[str, str]:
        """A user of these rights, as files of a Secret."""
        password = "just-for-this-test"
        self._users.append(name)
        self.call("PUT", f"users/{name}", {"password": password, "tags": ""})
        self.call(
            "PUT",
            f"permissions/{quote(self.broker.vhost, safe='')}/{name}",
            {"configure": configure, "write": write, "read": read},
        )
        return {"username": name, "password": password}

    def tidy(self) -> None:
        for command in self._commands:
            command.end()
        for name in self._users:
            self.call("DELETE", f"users/{name}")


def eventually(look: Callable[[], T], *, seconds: float = 20) -> T:
    """The first true answer, or the last one."""
    deadline = time.monotonic() + seconds
    while not (answer := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer
