"""`isolation: Process`: the function runs in a process of its own, which outlives its tasks.

A crash or a kill of it is a failure of the task, and the worker lives on. It is a fresh
interpreter and no fork: this process has threads, and a fork would copy their locks as they are.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any, ClassVar

from workqueue_worker import outcome
from workqueue_worker.handlers import Handler
from workqueue_worker.handlers.memory import LOOK_SECONDS as MEMORY_LOOK_SECONDS
from workqueue_worker.handlers.memory import MemoryGuard
from workqueue_worker.handlers.spawned import Spawned
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import Task

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often limit and channel are looked at; an answer is seen at once."""
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
        self.guard = MemoryGuard.of_container()
        self._number = 0
        self._child: Spawned | None = Spawned(target)

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

    def _living(self) -> Spawned:
        if self._child is not None and self._child.died_idle():
            self.close()  # no task of now has done that
        if self._child is None:
            self._child = Spawned(self._target)
        return self._child

    def _work(self, child: Spawned, task: Task, until: float) -> outcome.Outcome | None:
        """None: the process is dead or has to be."""
        self._number += 1
        plain = {name: getattr(task, name) for name in PLAIN}
        if not child.say({"number": self._number, "task": plain}, until - time.monotonic()):
            return None
        look_seconds = LOOK_SECONDS if self.guard is None else MEMORY_LOOK_SECONDS
        told_to_stop = False
        while time.monotonic() < until:
            if task.stop.is_set() and not told_to_stop:
                told_to_stop = True
                child.say({"stop": self._number}, LOOK_SECONDS)
            if (answer := child.hear(look_seconds)) is not None:
                return _outcome(answer)
            if self.guard is not None and self.guard.exceeded(child.pid):
                child.fail(outcome.Retry("killed before the container's memory ran out"))
            if child.failure is not None:
                return None
        log.warning("task killed at its limit", extra=fields(seconds=self._limit_seconds))
        return None


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
