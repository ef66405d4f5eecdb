"""The process that runs a function (child.py), as its worker sees it."""

from __future__ import annotations

import json
import logging
import pickle
import select
import socket
import subprocess
import sys
import time
from typing import Any

from workqueue_worker import outcome
from workqueue_worker.handlers.ending import end_group, has_ended, said
from workqueue_worker.handlers.wire import Wire
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often its death is looked for while it starts; its words are heard at once."""
PYTHON = (sys.executable, "-X", "faulthandler", "-c")
CHILD = "import sys; sys.path[:] = {}; from workqueue_worker.handlers import child; child.main()"
"""Its search path is ours, as it is by now."""


class Spawned:
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

    @property
    def pid(self) -> int:
        return self._process.pid

    def died_idle(self) -> bool:
        return self._ready and self.hear(0) is None and self.failure is not None

    def kill(self) -> None:
        """End its whole group. Nobody may use it any more."""
        if self.failure is None:
            end_group(self._process)
        self._wire.socket.close()

    def fail(self, failure: outcome.Retry) -> None:
        """End it because of what its task does."""
        self.kill()
        self.failure = failure

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
