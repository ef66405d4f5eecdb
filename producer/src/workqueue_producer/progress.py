"""Says how far it is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from workqueue_producer.desk import Desk
from workqueue_producer.tasks import Outcome

if TYPE_CHECKING:
    from rich.progress import TaskID

LINE_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How far it is, `now` seconds after the start. `size` is None for an input without end."""

    queue: str
    sent: int
    confirmed: int
    bytes_taken: int
    size: int | None
    now: float

    @classmethod
    def of(cls, desk: Desk, *, queue: str, now: float) -> "Snapshot":
        return cls(
            queue=queue,
            sent=desk.ledger.sent,
            confirmed=desk.ledger.count(Outcome.CONFIRMED),
            bytes_taken=desk.feed.bytes_taken,
            size=desk.feed.size,
            now=now,
        )

    @property
    def share(self) -> float | None:
        """The part of the input that was sent, 0 to 1; None while nobody knows."""
        return min(1.0, self.bytes_taken / self.size) if self.size else None


class Progress(Protocol):
    """Where progress and remarks go."""

    def show(self, seen: Snapshot) -> None:
        """Take note of how far it is. Called ten times a second."""
        ...

    def say(self, text: str) -> None:
        """Tell the user something that just happened."""
        ...

    def close(self) -> None:
        """Leave the screen in order."""
        ...


class Lines:
    """For logs: one line every ten seconds, and the remarks."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._next_at = LINE_EVERY_SECONDS

    def show(self, seen: Snapshot) -> None:
        if seen.now < self._next_at:
            return
        self._next_at = seen.now + LINE_EVERY_SECONDS
        share = "" if seen.share is None else f" ({seen.share:.0%} of the input)"
        self.say(f"{seen.confirmed:,} of {seen.sent:,} sent tasks are confirmed{share}")

    def say(self, text: str) -> None:
        self._out.write(f"workqueue-producer: {text}\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing is left on the screen."""


class Bar:
    """For people. `rich` is imported here, so that a Job's pod never pays for it."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]} confirmed"),
            TextColumn("{task.fields[rate]}/s"),
            TimeElapsedColumn(),
            console=Console(file=out),  # it honours NO_COLOR and TERM by itself
            auto_refresh=False,
        )
        self._task: TaskID | None = None

    def show(self, seen: Snapshot) -> None:
        if self._task is None:
            self._task = self._bar.add_task(f"tasks to {seen.queue}", count="0", rate="0")
            self._bar.start()
        rate = seen.confirmed / seen.now if seen.now else 0.0
        self._bar.update(
            self._task,
            total=seen.size,
            completed=seen.bytes_taken,
            count=f"{seen.confirmed:,}",
            rate=f"{rate:,.0f}",
            refresh=True,
        )

    def say(self, text: str) -> None:
        self._bar.console.print(f"workqueue-producer: {text}", markup=False, highlight=False)

    def close(self) -> None:
        self._bar.stop()


def progress_for(out: TextIO, *, typing: bool) -> Progress:
    """Choose by where it goes. `typing`: tasks are typed on this terminal, a bar would disturb."""
    return Bar(out) if out.isatty() and not typing else Lines(out)
