"""What the I/O loop lets the probes see. One thread writes, others read single attributes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class State:
    """`busy` counts the tasks held; `alive_until` is when the I/O loop promised to be back."""

    now: Callable[[], float] = time.monotonic
    busy: int = 0
    draining: bool = False
    consuming: bool = False
    _alive_until: float = field(default=0.0)

    def promise_turn_within(self, seconds: float) -> None:
        """Called by the I/O loop before it does something that takes so long at the most."""
        self._alive_until = self.now() + seconds

    @property
    def alive(self) -> bool:
        """Whether the loop turns. Says nothing of the broker: a restart would not mend that."""
        return self.now() < self._alive_until
