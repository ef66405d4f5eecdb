"""What the terminal shows while something long goes on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

REFRESH_SECONDS = 1.0
QUIET_REFRESH_SECONDS = 30.0


def duration(seconds: float) -> str:
    """Return a short duration: `8 s`, `2 min 5 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


class Step:
    """One long step: its title, how long it usually takes, and how far it is."""

    def __init__(self, title: str, usually_seconds: float, stream: TextIO) -> None:
        self.title = title
        self.usually_seconds = usually_seconds
        self.how_far = ""
        self._stream = stream
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def __enter__(self) -> Self:
        self._print(f"{self.title} (usually {duration(self.usually_seconds)})")
        self._ticker.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._ended.set()
        self._ticker.join()
        outcome = "failed after" if kind else "done in"
        self._print(f"{self.title}: {outcome} {duration(self.elapsed_seconds)}", last=True)

    def _tick(self) -> None:
        pause = REFRESH_SECONDS if self._stream.isatty() else QUIET_REFRESH_SECONDS
        while not self._ended.wait(pause):
            far = f", {self.how_far}" if self.how_far else ""
            usual = duration(self.usually_seconds)
            self._print(f"{self.title}: {duration(self.elapsed_seconds)} of about {usual}{far}")

    def _print(self, text: str, *, last: bool = False) -> None:
        if self._stream.isatty():
            self._stream.write(f"\r\033[K  {text}" + ("\n" if last else ""))
        else:
            self._stream.write(f"  {text}\n")
        self._stream.flush()


@contextmanager
def step(title: str, *, usually_seconds: float, stream: TextIO = sys.stdout) -> Iterator[Step]:
    """Show a step while the body of the `with` runs."""
    with Step(title, usually_seconds, stream) as running:
        yield running


def say(text: str) -> None:
    """Print one line at once, whatever stdout is connected to."""
    print(text, flush=True)
