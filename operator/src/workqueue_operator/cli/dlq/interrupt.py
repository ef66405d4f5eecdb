"""Signals: the first one asks for an orderly end, the second one ends."""

import signal
from types import TracebackType
from typing import Self

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether we were asked to stop. Used in a with block, by the main thread."""

    asked = False

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._ask) for each in _NUMBERS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _ask(self, number: int, _: object) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)
