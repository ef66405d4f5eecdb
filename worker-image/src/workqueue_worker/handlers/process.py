"""`isolation: Process`: the function runs in a process of its own, which outlives its tasks.

A crash or a kill of it is a failure of the task, and the worker lives on. It is a fresh
interpreter and no fork: this process has threads, and a fork would copy their locks as they are.
"""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import select
import socket
import subprocess
import sys
import time
from typing import Any, ClassVar

from workqueue_worker import outcome
from workqueue_worker.handlers import Handler
from workqueue_worker.handlers.ending import end_group, has_ended, said
from workqueue_worker.handlers.wire import Wire
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import Task

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often limit and channel are looked at; an answer is seen at once."""
PYTHON = (sys.executable, "-X", "faulthandler", "-c")
CHILD = "import sys; sys.path[:] = {}; from workqueue_worker.handlers import child; child.main()"
"""Its search path is ours, as it is by now."""
PLAIN = (
    "id",
    "body",
    "headers",
    "attempt",
    "deadline",
    "content_type",
    "type",
    "published",
    "stop_at_seconds",
)
"""What of a Task is plain data. `stop_at_seconds` is of a clock that all processes share."""


class ProcessHandler(Handler):
    kind: ClassVar[str] = "python"
    ends_itself: ClassVar[bool] = True

    def __init__(self, target: str, *, limit_seconds: float) -> None:
        self._target = target
        self._limit_seconds = limit_seconds
        self._number = 0
        self._child: _Child | None = _Child(target)

    def ready(self) -> bool:
        return self._living().await_ready(0)

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def run(self, task: Task) -> outcome.Outcome:
        until = time.monotonic() + self._limit_seconds
        try:
            child = self._living()
            if not child.await_ready(self._limit_seconds):
                self.close()
                return outcome.Release(f"its process did not start in {self._limit_seconds:g} s")
        except (SettingsError, OSError) as error:
            # It could be started before: no memory for it, say. That is none of the task's doing.
            self.close()
            return outcome.Release(f"its process could not be started: {error}")
        ended = self._work(child, task, until)
        if ended is None:
            self.close()
            with contextlib.suppress(OSError):  # the next task tries again, and says so
                self._living()  # its import of the function need not wait for that
            return child.failure or outcome.Retry(
                f"killed after {self._limit_seconds:g} s", timed_out=True
            )
        return ended

    def _living(self) -> _Child:
        if self._child is not None and self._child.died_idle():
            self.close()  # no task of now has done that
        if self._child is None:
            self._child = _Child(self._target)
        return self._child

    def _work(self, child: _Child, task: Task, until: float) -> outcome.Outcome | None:
        """None: the process is dead or has to be."""
        self._number += 1
        plain = {name: getattr(task, name) for name in PLAIN}
        if not child.say({"number": self._number, "task": plain}, until - time.monotonic()):
            return None
        told_to_stop = False
        while time.monotonic() < until:
            if task.stop.is_set() and not told_to_stop:
                told_to_stop = True
                child.say({"stop": self._number}, LOOK_SECONDS)
            if (answer := child.hear(LOOK_SECONDS)) is not None:
                return _outcome(answer)
            if child.failure is not None:
                return None
        log.warning("task killed at its limit", extra=fields(seconds=self._limit_seconds))
        return None


class _Child:
    """The process and the way to it. `failure` is set once it is known to be gone."""

    def __init__(self, target: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # A session of its own: what is said to the worker's group, and the kill of its own,
            # each stay on their side.
            self._process = subprocess.Popen(
                [*PYTHON, CHILD.format(sys.path), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._wire = Wire(ours)
        self._ready = False
        self.failure: outcome.Retry | None = None
        self.say({"target": target}, 1)

    def await_ready(self, seconds: float) -> bool:
        """Wait until it has imported the function.

        Raises:
            SettingsError: it cannot, or died over it.
        """
        until = time.monotonic() + seconds
        while not self._ready:
            answer = self.hear(max(0.0, min(LOOK_SECONDS, until - time.monotonic())))
            if self.failure is not None:
                raise SettingsError(f"handler python: while it was imported: {self.failure.error}")
            if answer is None and time.monotonic() >= until:
                return False
            self._ready = answer is not None and _accepted(answer)
        return True

    def say(self, message: dict[str, Any], seconds: float) -> bool:
        self._wire.socket.settimeout(max(0.001, seconds))
        try:
            self._wire.send(pickle.dumps(message))
        except TimeoutError:
            return False
        except OSError:  # hear() finds out how it ended
            self._find_out()
            return False
        return True

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Its next message, or None: it said nothing so far, or is gone."""
        if select.select([self._wire.socket], [], [], seconds)[0]:
            self._wire.socket.settimeout(None)
            if (message := self._wire.receive()) is not None:
                answer: dict[str, Any] = json.loads(message)
                return answer
            self._find_out()
        elif has_ended(self._process):  # something that it started may hold the socket open
            self._find_out()
        return None

    def died_idle(self) -> bool:
        return self._ready and self.hear(0) is None and self.failure is not None

    def kill(self) -> None:
        """End its whole group. Nobody may use it any more."""
        if self.failure is None:
            end_group(self._process)
        self._wire.socket.close()

    def _find_out(self) -> None:
        """How it ended. One that only closed the socket cannot answer, and is ended."""
        gone = time.monotonic() + 1
        while not has_ended(self._process) and time.monotonic() < gone:
            time.sleep(0.001)
        end_group(self._process)
        code = self._process.returncode
        log.warning("the task's process ended: %s", said(code), extra=fields(exit_code=code))
        self.failure = outcome.Retry(f"its process ended: {said(code)}", killed=code < 0)


def _accepted(answer: dict[str, Any]) -> bool:
    if "refused" not in answer:
        return True
    if answer["trace"]:
        log.error("the function cannot be imported:\n%s", answer["trace"])
    raise SettingsError(answer["refused"])


def _outcome(answer: dict[str, Any]) -> outcome.Outcome:
    match answer:
        case {"outcome": "ok"}:
            return outcome.Ok()
        case {"outcome": "retry", "why": error, "after_seconds": after}:
            return outcome.Retry(error, after_seconds=after)
        case {"outcome": "dead", "why": error}:
            return outcome.Dead(error)
        case {"outcome": "release", "why": why}:
            return outcome.Release(why)
    raise AssertionError(f"a process of ours answered {answer!r}")
