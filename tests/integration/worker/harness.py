"""A worker as a real process, a queue on a real broker, and a ledger that the handler writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kit.rabbit import Broker

SOURCES = Path(__file__).parents[3] / "worker-image" / "src"
T = TypeVar("T")

HANDLERS = """
import functools, gc, os, pathlib, time
from pika.adapters.blocking_connection import BlockingChannel
from workqueue_worker import DeadLetter, Retry

def note(word, task):
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(f"{word} {task.text()} {task.attempt} {os.environ['WORKQUEUE_POD_NAME']}\\n")
    with open(os.environ["LEDGER"] + ".times", "a") as times:
        times.write(f"{word} {task.text()} {time.time()}\\n")

def work(task):
    note("started", task)
    verb, _, seconds = task.text().partition(":")
    if verb == "fail":
        raise ValueError("always")
    if verb == "spoil" and not pathlib.Path(os.environ["LEDGER"] + ".spoilt").exists():
        pathlib.Path(os.environ["LEDGER"] + ".spoilt").touch()
        for each in gc.get_objects():
            if type(each) is BlockingChannel:
                nonsense = functools.partial(each.basic_ack, 4711)
                each.connection.add_callback_threadsafe(nonsense)
        task.wait_for_stop(30)
        return
    if verb == "crash":
        os._exit(9)
    if verb == "hopeless":
        raise DeadLetter("no attempt will mend it")
    if verb == "stuck":
        time.sleep(float(seconds))
        return
    if verb == "hold":
        release = pathlib.Path(os.environ["LEDGER"] + ".release")
        while not release.exists():
            time.sleep(0.02)
        release.unlink()
        return
    if task.wait_for_stop(float(seconds or 0)):
        note("stopped", task)
        return
    note("completed", task)
"""

LAUNCHER = """
import dataclasses, os, sys
from workqueue_worker import logs
from workqueue_worker.__main__ import work
from workqueue_worker.settings import Settings
from workqueue_worker.stop import StopFlag
stop = StopFlag()
stop.watch_signals()
logs.configure()
settings = Settings.from_env(os.environ)
sys.exit(work(dataclasses.replace(settings, heartbeat_seconds=int(sys.argv[1])), stop))
"""
"""The heartbeat is no setting of a pod; a test has no time to wait for two of 20 s."""


def eventually(look: Callable[[], T], *, seconds: float = 15, what: str) -> T:
    """Look again until there is something (truthy). Fails with `what` was awaited."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"after {seconds} s still not: {what}")


@dataclass
class Worker:
    """One worker process. Ports are as the operating system has them free."""

    directory: Path
    env: Mapping[str, str]
    heartbeat_seconds: int | None = None
    program: tuple[str, ...] = ("-m", "workqueue_worker")
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        program = self.program
        if self.heartbeat_seconds is not None:
            program = ("-c", LAUNCHER, str(self.heartbeat_seconds))
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program], env=dict(self.env), stderr=log, stdout=log
            )

    @property
    def log_file(self) -> Path:
        return self.directory / f"{self.env['WORKQUEUE_POD_NAME']}.log"

    def logs(self) -> list[dict[str, Any]]:
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, words: str) -> bool:
        return any(words in str(line["message"]) for line in self.logs())

    def get(self, path: str) -> tuple[int, str]:
        """Status (0: nobody listens) and text."""
        url = f"http://127.0.0.1:{self.env['WORKQUEUE_PROBE_PORT']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def busy(self) -> int:
        status, text = self.get("/busy")
        return int(json.loads(text)["busy"]) if status == 200 else 0

    def count(self, name: str) -> float:
        """One series of /metrics, named as it stands there after the prefix."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(f"workqueue_worker_{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no series {name} in /metrics")

    def await_ready(self, *, seconds: float = 15) -> Worker:
        eventually(self.ready, seconds=seconds, what=f"ready; log: {self.log_file}")
        return self

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self, *, seconds: float = 10) -> int:
        return self.process.wait(seconds)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


def pod_environment(directory: Path, broker: Broker, *, name: str, port: int) -> dict[str, str]:
    """What the operator renders, for a queue `tasks`, and what the test's handler needs."""
    secret = directory / "broker"
    secret.mkdir(exist_ok=True)
    for key in ("host", "port", "username", "password"):
        (secret / key).write_text(str(getattr(broker, key)))
    (directory / "ledger_handlers.py").write_text(HANDLERS)
    return os.environ | {
        "WORKQUEUE_QUEUE": "tasks",
        "WORKQUEUE_VHOST": broker.vhost,
        "WORKQUEUE_DEAD_LETTER_QUEUE": "tasks.dead",
        "WORKQUEUE_BROKER_DIR": str(secret),
        "WORKQUEUE_HANDLER": '{"python": "ledger_handlers:work"}',
        "WORKQUEUE_MAX_ATTEMPTS": "3",
        "WORKQUEUE_TASK_TIMEOUT_SECONDS": "60",
        "WORKQUEUE_PREFETCH": "1",
        "WORKQUEUE_PROBE_PORT": str(port),
        "WORKQUEUE_POD_NAME": name,
        "LEDGER": str(directory / "ledger"),
        "PYTHONPATH": f"{SOURCES}{os.pathsep}{directory}",
    }
