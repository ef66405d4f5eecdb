"""Show it: a progress bar that stays in place on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.live import View

LINE_EVERY_SECONDS = 5.0


class Screen:
    """Prints views as they come. total: how many tasks there are."""

    def __init__(self, total: int) -> None:
        """Nothing is shown before `with`."""
        self.console = Console(highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[line]}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("tasks"),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._progress.add_task("", total=total, line="")
        self._total = total
        self._line = ""
        self._line_at = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line of its own."""
        self.console.print(f"{time.strftime('%H:%M:%S')}  {text}", soft_wrap=True, markup=False)

    def show(self, view: View) -> None:
        """The news as lines, the numbers as the bar."""
        for text in view.news:
            self.say(text)
        backlog = "?" if view.backlog is None else view.backlog
        line = f"backlog {backlog}, workers {view.ready}/{view.desired} ready"
        self._progress.update(self._task, completed=view.completed, line=line)
        if not self.console.is_terminal:
            self._plain(f"{line}, {view.completed}/{self._total} tasks done")

    def _plain(self, line: str) -> None:
        now = time.monotonic()
        if line != self._line and now - self._line_at >= LINE_EVERY_SECONDS:
            self.say(line)
            self._line, self._line_at = line, now
