"""A Known reading that is believed, looked at by the rules: what is needed, and in which words."""

from dataclasses import dataclass
from typing import Literal

from workqueue_operator.core.decision import Decision, Reason, Rules, Seen
from workqueue_operator.core.history import History
from workqueue_operator.core.inwork import InWork, in_work
from workqueue_operator.core.need import in_words, need_of
from workqueue_operator.core.readings import Known

Ask = Literal["now", "soon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that a step up or down depends on. now: monotonic seconds."""

    rules: Rules
    seen: Seen
    known: Known
    history: History
    now: float

    @property
    def work(self) -> InWork:
        """The tasks in work that need their worker."""
        return in_work(self.seen, self.known, self.rules.prefetch)

    @property
    def floor(self) -> int:
        """The lower bound that a schedule sets now."""
        return self.seen.floor.workers if self.seen.floor else 0

    @property
    def low(self) -> int:
        """The lower bound, whoever set it."""
        return self.clamp(0)

    def clamp(self, workers: int) -> int:
        """The nearest number of workers within the bounds of now."""
        return self.rules.scaling.clamp(workers, floor=self.floor)

    def need(self) -> int:
        """What the backlog surely asks for."""
        return self._need(self.work.tasks)

    def possible_need(self) -> int:
        """The same, if none of the tasks in work is at a pod that drains."""
        told = self.known.ready == 0 and self.seen.recent_census is not None
        if told or not self._is_unclear():
            return self.need()
        return self._need(self.work.most)

    def ask_soon(self) -> Ask | None:
        """Ask while workers may be kept by nothing but the tasks of draining pods."""
        waiting = self.clamp(self._need(0))
        return "soon" if self._is_unclear() and waiting < self.seen.wanted else None

    def say(self, workers: int, reason: Reason, more: str = "", ask: Ask | None = None) -> Decision:
        """A decision in words: the numbers it was made on, and what else matters."""
        message = f"{self._why()}; {more}" if more else self._why()
        return Decision(workers=workers, reason=reason, message=message, ask=ask)

    def _need(self, in_work: int) -> int:
        return need_of(self.known.ready, in_work, self.rules, self.seen).workers

    def _is_unclear(self) -> bool:
        """What draining pods hold is in the broker's count, and only the workers know how much."""
        uncounted = self.known.unacked is None or self.seen.fresh_census is not None
        return self.seen.may_drain and not uncounted

    def _why(self) -> str:
        work, ready, need = self.work, self.known.ready, self.need()
        least = "" if work.exact else "at least "
        bounds = ""
        if need != self.clamp(need):
            bounds = f" (bounds {self.low} to {self.rules.scaling.max_workers})"
        return (
            f"backlog {least}{ready + work.tasks} ({ready} ready, {least}{work.tasks} in work), "
            f"{in_words(self.rules, self.seen)}: needs {need}{bounds}"
        )
