"""SIGTERM as a flag. Imports next to nothing: it is installed before the rest is loaded."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class StopFlag:
    """Set by a signal, looked at by the I/O loop at every turn.

    A plain attribute and no Event: a signal may arrive while this very thread holds the lock
    inside an Event, and would then wait for itself for ever.
    """

    requested: bool = False

    def watch_signals(self) -> None:
        """Until this is called, process 1 of a container ignores SIGTERM altogether."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
