"""One and the same handler for every binding: it does what the first line of the task says.

It stands alone (a copy of this file is the whole "image" of a test), and notes in the ledger what
it does: the verb, the attempt, and a digest of the rest of the body.
"""

import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

Stop = Callable[[float], bool]
"""Waits at most so many seconds; True as soon as the handler had better end."""
EXIT_CODES = {"ok": 0, "retry": 75, "dead": 65}
STATUSES = {"ok": 204, "retry": 503, "dead": 422}
AFTER_SECONDS = 1


def note(word: str, text: str) -> None:
    with Path(os.environ["LEDGER"]).open("a") as ledger:
        ledger.write(f"{word} {text}\n")


def first_time(what: str) -> bool:
    marker = Path(f"{os.environ['LEDGER']}.{what}")
    known = marker.exists()
    marker.touch()
    return not known


def do(body: bytes, attempt: int, stop: Stop) -> str:
    """Do one task; returns ok, retry, dead or release."""
    line, _, payload = body.partition(b"\n")
    verb = line.decode()
    note("started", f"{verb} {attempt} {hashlib.sha256(payload).hexdigest()[:8]}")
    match verb:
        case "fail-once":
            return "retry" if attempt == 1 else "ok"
        case "dead":
            return "dead"
        case "release-once":
            return "release" if first_time("released") else "ok"
        case "until-stop":
            note("stopped", str(stop(40)))
            return "dead"
    misbehave(verb, attempt)
    return "ok"


def misbehave(verb: str, attempt: int) -> None:
    match verb:
        case "crash-once" if attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "stuck":
            time.sleep(60)
        case "hold" if first_time("held"):
            while not Path(f"{os.environ['LEDGER']}.release").exists():
                time.sleep(0.02)


def conclude(told: str) -> None:
    """Say it as a python handler does."""
    from workqueue_worker import DeadLetter, Release, Retry  # noqa: PLC0415 - not in other images

    match told:
        case "retry":
            raise Retry("told to fail", after=AFTER_SECONDS)
        case "dead":
            raise DeadLetter("told to die")
        case "release":
            raise Release("told to go back")


def work(task: Any) -> None:
    conclude(do(task.body, task.attempt, task.wait_for_stop))


async def work_async(task: Any) -> None:
    if task.body.startswith(b"until-stop"):
        await task.until_stop(40)
    conclude(do(task.body, task.attempt, task.wait_for_stop))


def command() -> int:
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    told = do(sys.stdin.buffer.read(), int(os.environ["WORKQUEUE_TASK_ATTEMPT"]), asked.wait)
    if told == "retry":
        print(f'{{"retryAfter": {AFTER_SECONDS}}}')
    return EXIT_CODES[told]


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        deadline = datetime.fromisoformat(self.headers["Workqueue-Deadline"])

        def stop(seconds: float) -> bool:
            left = (deadline - datetime.now(UTC)).total_seconds()
            time.sleep(max(0.0, min(seconds, left)))
            return left <= seconds

        told = do(body, int(self.headers["Workqueue-Attempt"]), stop)
        self.send_response(STATUSES[told])
        self.send_header("Content-Length", "0")
        if told == "retry":
            self.send_header("Retry-After", str(AFTER_SECONDS))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """The ledger is what tests read."""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        HTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
    sys.exit(command())
