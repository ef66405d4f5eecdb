"""workqueue dlq replay: publish, have it confirmed, and only then remove it."""

import time
from collections.abc import Sequence

from workqueue_operator.cli.dlq.acting import Choice, act, windows
from workqueue_operator.cli.dlq.again import again
from workqueue_operator.cli.dlq.interrupt import Interrupt
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.line import Line
from workqueue_operator.cli.dlq.looking import Walk
from workqueue_operator.cli.dlq.outcome import Outcome

STEP_SECONDS = 0.2


class Replay:
    """One run over one line. Used once."""

    def __init__(
        self, line: Line, outcome: Outcome, interrupt: Interrupt, *, window: int, rate: float | None
    ) -> None:
        """rate: letters a second, None: as fast as it goes."""
        self._line = line
        self._outcome = outcome
        self._interrupt = interrupt
        self._rate = rate
        self._window = window if rate is None else max(1, min(window, int(rate * STEP_SECONDS)))

    def run(self, walk: Walk, choice: Choice) -> None:
        """Go through the queue; the outcome says what became of it."""
        act(walk, choice, self._outcome, self._interrupt, self._work)

    def _work(self, letters: Sequence[Letter]) -> bool:
        if self._outcome.dry_run:
            self._outcome.done += len(letters)
            return True
        return all(self._put_back(window) for window in windows(letters, self._window))

    def _put_back(self, letters: Sequence[Letter]) -> bool:
        """One window. Returns whether to go on."""
        if self._interrupt.asked:
            return False
        began = time.monotonic()
        target = str(self._outcome.to)
        accepted = self._line.publish(target, [again(letter) for letter in letters])
        done = [letter for letter, good in zip(letters, accepted, strict=True) if good]
        self._line.acknowledge(done)
        self._outcome.done += len(done)
        if len(done) < len(letters):
            self._refused(target, len(letters) - len(done))
            return False
        self._keep_the_rate(len(letters), since=began)
        return True

    def _refused(self, target: str, count: int) -> None:
        self._outcome.troubles.append(
            f"the broker did not take {count:,} for queue {target!r}, and they stay: is there such "
            f"a queue, and is it full?"
        )

    def _keep_the_rate(self, count: int, *, since: float) -> None:
        if self._rate is not None:
            left = count / self._rate - (time.monotonic() - since)
            while left > 0 and not self._interrupt.asked:
                self._line.rest(min(left, STEP_SECONDS))
                left -= STEP_SECONDS
