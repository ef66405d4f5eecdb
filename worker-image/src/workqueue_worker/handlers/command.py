"""`command: [program, argument]`: the task on standard input, the outcome as the exit code.

0 is done, 75 (EX_TEMPFAIL of sysexits.h) and anything unknown is a failure, 65 (EX_DATAERR) a
task that no attempt will mend. A last line `{"retryAfter": seconds}` of a failure says when the
next attempt shall be. The program runs in a process group of its own: the whole group
is ended with the task, so that nothing of it stays behind.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from workqueue_worker import outcome
from workqueue_worker.handlers import Handler
from workqueue_worker.handlers.ending import end_group, has_ended, said
from workqueue_worker.handlers.output import OutputLog
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import Task

log = logging.getLogger(__name__)

EXIT_OK, EXIT_DEAD = 0, 65
ENDED_BY_SIGTERM = (-signal.SIGTERM, 128 + signal.SIGTERM)
LOOK_SECONDS = 0.1
"""How often limit and channel are looked at; the end of the program is seen at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramHandler(Handler):
    argv: tuple[str, ...]
    limit_seconds: float
    soft_limit_seconds: float | None = None
    now: Callable[[], float] = time.monotonic
    kind: ClassVar[str] = "command"
    ends_itself: ClassVar[bool] = True

    def run(self, task: Task) -> outcome.Outcome:
        try:
            process = self._start(task)
        except OSError as error:
            # E2BIG, EAGAIN, a file that vanished: this node's trouble as often as the task's.
            return outcome.Retry(f"cannot start {self.argv[0]}: {error.strerror}")
        output = OutputLog(process.stdout, self.argv[0])
        watch = _Watch(task, self)
        try:
            in_time = watch.until_the_end(process, output)
        finally:
            end_group(process)
            output.finish()
        if not in_time:
            return outcome.Retry(f"killed after {self.limit_seconds:g} s", timed_out=True)
        if watch.soft_limit_passed and process.returncode in ENDED_BY_SIGTERM:
            return outcome.Retry(
                f"ended by SIGTERM at its soft limit of {self.soft_limit_seconds:g} s",
                timed_out=True,
            )
        return _outcome(process.returncode, output.tail())

    def _start(self, task: Task) -> subprocess.Popen[bytes]:
        names = {
            "WORKQUEUE_TASK_ID": task.id.replace("\0", ""),  # which ends every variable
            "WORKQUEUE_TASK_ATTEMPT": str(task.attempt),
            "WORKQUEUE_TASK_DEADLINE": task.deadline.isoformat(timespec="milliseconds"),
        }
        # A file in memory: a body of any size needs no thread to feed it, no pipe can fill up,
        # and a program that never reads its input does no harm.
        with os.fdopen(os.memfd_create("task"), "w+b") as body:
            body.write(task.body)
            body.seek(0)
            return subprocess.Popen(
                self.argv,
                stdin=body,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=os.environ | names,
                start_new_session=True,
            )


@dataclass(slots=True)
class _Watch:
    """Looks at the limits and the channel while a program runs."""

    task: Task
    handler: ProgramHandler
    soft_limit_passed: bool = False
    _asked_to_stop: bool = False

    def until_the_end(self, process: subprocess.Popen[bytes], output: OutputLog) -> bool:
        """Wait for the end of the program. False if the hard limit came first."""
        started = self.handler.now()
        while not has_ended(process):
            seconds = self.handler.now() - started
            if seconds >= self.handler.limit_seconds:
                log.warning("task killed at its limit", extra=fields(seconds=round(seconds, 1)))
                return False
            self._ask_to_stop(process, seconds)
            output.wait(LOOK_SECONDS)
        return True

    def _ask_to_stop(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Send SIGTERM once, at the soft limit or when the result can no longer be said."""
        if self._asked_to_stop:
            return
        soft = self.handler.soft_limit_seconds
        self.soft_limit_passed = soft is not None and seconds >= soft
        lost = self.task.stop.is_set()
        if lost or self.soft_limit_passed:
            self._asked_to_stop = True
            why = "channel lost in mid-task" if lost else "soft limit passed"
            log.warning("%s: asking the program to stop", why)
            os.killpg(process.pid, signal.SIGTERM)


def load(
    argv: tuple[str, ...], *, limit_seconds: float, soft_limit_seconds: float | None = None
) -> ProgramHandler:
    """Look for the program.

    Raises:
        SettingsError: the image has none of that name.
    """
    if shutil.which(argv[0]) is None:
        raise SettingsError(
            f"handler command: there is no program {argv[0]!r} in this image, or it may not be "
            "executed. Install it, give its whole path, or `chmod +x` it in the image"
        )
    return ProgramHandler(
        argv=argv, limit_seconds=limit_seconds, soft_limit_seconds=soft_limit_seconds
    )


def _outcome(code: int, last_words: str) -> outcome.Outcome:
    if code == EXIT_OK:
        return outcome.Ok()
    words, after = _retry_after(last_words)
    how = said(code)
    error = f"{how}: {words}" if words else how
    if code == EXIT_DEAD:
        return outcome.Dead(error)
    return outcome.Retry(error, after_seconds=after, killed=code < 0)


def _retry_after(last_words: str) -> tuple[str, float | None]:
    """Take `{"retryAfter": seconds}` out of the last lines.

    Not only of the very last one: what a program says on standard error may come after it.
    """
    lines = last_words.splitlines()
    for number in reversed(range(len(lines))):
        seconds = _seconds(lines[number])
        if seconds is not None:
            return "\n".join(lines[:number] + lines[number + 1 :]).strip(), seconds
    return last_words, None


def _seconds(line: str) -> float | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    seconds = told.get("retryAfter") if isinstance(told, dict) else None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    try:
        return float(seconds)
    except OverflowError:  # a whole number of hundreds of digits
        return None
