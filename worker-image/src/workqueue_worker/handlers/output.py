"""The output of a program, line by line into the log, but no more of it than is reasonable."""

from __future__ import annotations

import logging
import os
import selectors
import time
from typing import IO

from workqueue_worker.logs import fields

log = logging.getLogger("workqueue_worker.output")

MAX_LINES = 200
MAX_LINE_BYTES = 4096
MAX_CHUNKS_AT_THE_END = 64
"""Something that left the process group may write for ever; nobody waits for it."""
TAIL_BYTES = 900
"""What is kept for the error of a failed task: with its prefix it fits into the header."""


class OutputLog:
    """Reads a pipe without ever blocking on it."""

    def __init__(self, pipe: IO[bytes] | None, program: str) -> None:
        assert pipe is not None, "the program was started with a pipe"  # noqa: S101 - a bug
        self._pipe = pipe
        self._program = program
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe, selectors.EVENT_READ)
        os.set_blocking(pipe.fileno(), False)
        self._line = b""
        self._tail = b""
        self._lines = 0
        self._nap_seconds = 0.0005
        self.ended = False

    def wait(self, seconds: float) -> None:
        """Wait at most so long for output, and log what has come.

        A program that ends closes the pipe, which ends the wait at once. One that closed it and
        works on is waited for in steps that grow from a millisecond.
        """
        if self.ended:
            self._nap_seconds = min(2 * self._nap_seconds, seconds)
            time.sleep(self._nap_seconds)
        elif self._selector.select(seconds):
            self._take_once()

    def finish(self) -> None:
        """Log what is still in the pipe, and close it."""
        for _ in range(MAX_CHUNKS_AT_THE_END):
            if self.ended or not self._selector.select(0):
                break
            self._take_once()
        if self._line:
            self._log(self._line)
        self._selector.close()
        self._pipe.close()

    def tail(self) -> str:
        """The last words, for the story of a task that failed."""
        return self._tail.decode(errors="replace").strip()

    def _take_once(self) -> None:
        chunk = os.read(self._pipe.fileno(), 65536)
        self.ended = not chunk
        self._tail = (self._tail + chunk)[-TAIL_BYTES:]
        *lines, self._line = (self._line + chunk).split(b"\n")
        for line in lines:
            self._log(line)
        while len(self._line) > MAX_LINE_BYTES:
            self._log(self._line[:MAX_LINE_BYTES])
            self._line = self._line[MAX_LINE_BYTES:]

    def _log(self, line: bytes) -> None:
        self._lines += 1
        if self._lines <= MAX_LINES:
            text = line[:MAX_LINE_BYTES].decode(errors="replace").rstrip("\r")
            log.info(text, extra=fields(program=self._program))
        elif self._lines == MAX_LINES + 1:
            log.warning("more output of this task is left out", extra=fields(lines=MAX_LINES))
