"""`command: [program, argument]`: the task on standard input, the outcome as the exit code.

0 is done, 75 (EX_TEMPFAIL of sysexits.h) and anything unknown is a failure, 65 (EX_DATAERR) a
task that no attempt will mend. The program runs in a process group of its own: the whole group
is ended with the task, so that nothing of it stays behind.
"""

from __future__ import annotations

import contextlib
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
from workqueue_worker.handlers.output import OutputLog
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import Task

log = logging.getLogger(__name__)

EXIT_OK, EXIT_DEAD = 0, 65
LOOK_SECONDS = 0.1
"""How often limit and channel are looked at; the end of the program is seen at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramHandler:
    argv: tuple[str, ...]
    limit_seconds: float
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
        try:
            in_time = self._watch(process, task, output)
        finally:
            _end_group(process)
            output.finish()
        if not in_time:
            return outcome.Retry(f"killed after {self.limit_seconds:g} s", timed_out=True)
        return _outcome(process.returncode, output.tail())

    def _start(self, task: Task) -> subprocess.Popen[bytes]:
        names = {"WORKQUEUE_TASK_ID": task.id, "WORKQUEUE_TASK_ATTEMPT": str(task.attempt)}
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

    def _watch(self, process: subprocess.Popen[bytes], task: Task, output: OutputLog) -> bool:
        """Wait for the end of the program. False if the limit came first."""
        limit = self.now() + self.limit_seconds
        asked_to_stop = False
        while not _has_ended(process):
            if self.now() >= limit:
                log.warning("task killed at its limit", extra=fields(seconds=self.limit_seconds))
                return False
            if task.stop_requested and not asked_to_stop:
                asked_to_stop = True
                log.warning("channel lost in mid-task: asking the program to stop")
                os.killpg(process.pid, signal.SIGTERM)
            output.wait(LOOK_SECONDS)
        return True


def load(argv: tuple[str, ...], *, limit_seconds: float) -> ProgramHandler:
    """Look for the program.

    Raises:
        SettingsError: the image has none of that name.
    """
    if shutil.which(argv[0]) is None:
        raise SettingsError(
            f"handler command: there is no program {argv[0]!r} in this image, or it may not be "
            "executed. Install it, give its whole path, or `chmod +x` it in the image"
        )
    return ProgramHandler(argv=argv, limit_seconds=limit_seconds)


def _outcome(code: int, last_words: str) -> outcome.Outcome:
    if code == EXIT_OK:
        return outcome.Ok()
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
    error = f"{how}: {last_words}" if last_words else how
    return outcome.Dead(error) if code == EXIT_DEAD else outcome.Retry(error)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Look without collecting it: until then its group's id cannot be given to others."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, options) is not None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _reap_orphans()


def _reap_orphans() -> None:
    """As process 1 of a container we inherit what the program leaves, and must collect it.

    What is still dying at this moment is collected after the next task.
    """
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):  # none is left
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
