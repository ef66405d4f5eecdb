"""Keeps the components running: starts each, and starts it again when it ends."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cluster.components import Component

PAUSE_SECONDS = 1.0
POLL_SECONDS = 0.1

Start = Callable[[Component], "subprocess.Popen[bytes]"]


@dataclass(slots=True)
class Supervised:
    """A component and its present process, if any; `not_before` spaces out restarts."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    not_before: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Watches children by polling; ten a second costs nothing and needs no signal handler."""

    start: Start
    report: Callable[[str], None]
    children: list[Supervised] = field(default_factory=list)

    def add(self, component: Component) -> None:
        self.children.append(Supervised(component))

    def step(self, now: float) -> None:
        """Start what may start, and notice what has ended."""
        for child in self.children:
            self._notice_end(child, now)
            after = child.component.after
            if child.process is None and now >= child.not_before and (not after or after.exists()):
                child.process = self.start(child.component)

    def run(self) -> None:
        """Go on until the process is killed."""
        while True:
            self.step(time.monotonic())
            time.sleep(POLL_SECONDS)

    def _notice_end(self, child: Supervised, now: float) -> None:
        if child.process is None or (code := child.process.poll()) is None:
            return
        name = child.component.name
        self.report(f"{name} ended with {code}, starting it again in {PAUSE_SECONDS:.0f} s")
        child.process = None
        child.not_before = now + PAUSE_SECONDS


def start_logged(logs: Path) -> Start:
    """Return a function that starts a component with its output in a file of its own."""

    def start(component: Component) -> subprocess.Popen[bytes]:
        with (logs / f"{component.name}.log").open("ab") as sink:
            return subprocess.Popen(
                component.argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
            )

    return start
