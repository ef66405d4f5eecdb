"""The handler of the stories: writes started and completed into the ledger, itself.

A task is JSON: {"n": 17, "seconds": 0.5, "then": "ok" | "fail" | "dead" | "fail twice"}. As a
program (for a command handler) it reads the task from standard input and leaves with the code of
the contract.
"""

import http.client
import json
import os
import sys
import time
from typing import Any

EXIT_DEAD = 65
EXIT_FAILED = 1


def note(what: str, n: int) -> None:
    """Write one line into the ledger, and wait until it is kept."""
    host, port = os.environ["LEDGER"].rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    pod = os.environ["WORKQUEUE_POD_NAME"]
    connection.request("POST", "/", json.dumps({"what": what, "n": n, "pod": pod}))
    connection.getresponse().read()
    connection.close()


def run(body: str, attempt: int) -> str:
    """Do one task; returns what should become of it: "ok", "fail" or "dead"."""
    task = json.loads(body)
    note("started", task["n"])
    time.sleep(task.get("seconds", 0))
    then: str = task.get("then", "ok")
    if then == "fail twice":
        then = "fail" if attempt <= 2 else "ok"
    if then == "ok":
        note("completed", task["n"])
    return then


def work(task: Any) -> None:
    """The python handler."""
    then = run(task.text(), task.attempt)
    if then == "fail":
        raise RuntimeError("told to fail")
    if then == "dead":
        from workqueue_worker import DeadLetter  # noqa: PLC0415 - a command has no such package

        raise DeadLetter("told to die")


if __name__ == "__main__":
    sys.exit(
        {"ok": 0, "fail": EXIT_FAILED, "dead": EXIT_DEAD}[
            run(sys.stdin.read(), int(os.environ["WORKQUEUE_TASK_ATTEMPT"]))
        ]
    )
