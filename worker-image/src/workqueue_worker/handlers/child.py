"""The process that runs the function of a worker with `isolation: Process`.

It is told the function and then one task after the other by the worker, and ends with it. It
shares the worker's standard output and error, so its lines are lines of the same log.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pickle
import queue
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from workqueue_worker import logs, outcome
from workqueue_worker.handlers import function
from workqueue_worker.handlers.wire import Wire
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import Task

log = logging.getLogger("workqueue_worker.child")


class Child:
    """The function runs in the main thread, as many libraries want it; another one listens."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tasks: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stop: tuple[int, threading.Event] = (0, threading.Event())

    def serve(self) -> None:
        hello = pickle.loads(self._wire.receive() or _leave())  # noqa: S301 - from our own worker
        try:
            handler = function.load(hello["target"])
        except SettingsError as error:
            self._say(refused=str(error), trace=_trace(error.__cause__))
            return
        threading.Thread(target=self._listen, name="worker", daemon=True).start()
        self._say(ready=True)
        while True:
            self._run(handler, self._tasks.get())

    def _run(self, handler: function.FunctionHandler, told: dict[str, Any]) -> None:
        _, stop = self._stop
        token = logs.current_task.set(told["id"])
        try:
            ended = handler.run(Task(**told, stop=stop))
        finally:
            logs.current_task.reset(token)
        self._say(**_plain(ended))

    def _listen(self) -> None:
        while message := self._wire.receive():
            told = pickle.loads(message)  # noqa: S301 - as above
            if "task" in told:
                self._stop = (told["number"], threading.Event())
                self._tasks.put(told["task"])
            elif self._stop[0] == told["stop"]:
                self._stop[1].set()
        _leave()

    def _say(self, **words: Any) -> None:
        self._wire.send(json.dumps(words).encode())


def _plain(ended: outcome.Outcome) -> dict[str, Any]:
    match ended:
        case outcome.Ok():
            return {"outcome": "ok"}
        case outcome.Retry(error, after_seconds=after):
            return {"outcome": "retry", "why": error, "after_seconds": after}
        case outcome.Dead(error):
            return {"outcome": "dead", "why": error}
        case outcome.Release(why):
            return {"outcome": "release", "why": why}


def _trace(cause: BaseException | None) -> str:
    return "".join(traceback.format_exception(cause)) if cause else ""


def _leave() -> bytes:
    """The worker is gone: go too, with all that the task started."""
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("a process does not outlive SIGKILL")


def _offer_itself_to_the_kernel() -> None:
    """Where memory runs out and one process is chosen, let it be the task's and not the worker."""
    with contextlib.suppress(OSError):  # no /proc, or read-only: then the largest is chosen
        Path("/proc/self/oom_score_adj").write_text("1000")


def main() -> None:
    _offer_itself_to_the_kernel()
    # SIGTERM is for the worker, which lets the task finish. Not ignored, but handled: programs
    # that the function starts would inherit the former.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    logs.configure()
    end = socket.socket(fileno=int(sys.argv[1]))
    end.set_inheritable(False)
    Child(Wire(end)).serve()
