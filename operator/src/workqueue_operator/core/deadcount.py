"""How many tasks were given up, as far as that is known. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workqueue_operator.core.readings import Known, Missing, Reading
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS, ZERO_PROOF_SECONDS
from workqueue_operator.core.status import Condition
from workqueue_operator.core.statuswrites import NUMBERS_EVERY_SECONDS

DEAD_LETTERS = "DeadLetters"


@dataclass(slots=True)
class DeadCount:
    """Counts the dead letters of one WorkQueue. Times: monotonic seconds.

    total: None while unknown. An outage keeps the last number, as it does that of the backlog.
    """

    total: int | None = None
    told: bool = False  # that there are some, in an event
    _zeros: int = 0
    _zero_since: float = 0.0
    _news: int | None = None  # the number that was news last
    _news_at: float = float("-inf")

    @classmethod
    def from_status(cls, status: Mapping[str, Any]) -> "DeadCount":
        """Go on where the process before this one stopped."""
        total: int | None = status.get("deadLetters", {}).get("total")
        return cls(total=total, told=bool(total), _news=total)

    def learn(self, reading: Reading, now: float) -> bool:
        """One more reading of their queue; returns whether a step should tell or mend anything."""
        if isinstance(reading, Missing):
            return True  # what is given up now were lost
        if not isinstance(reading, Known) or not self._is_believed(reading, now):
            return False
        before, self.total = self._news, reading.ready
        first = before is None or (before == 0) != (self.total == 0)
        if not first and (before == self.total or now - self._news_at < NUMBERS_EVERY_SECONDS):
            return False  # if it differs, a later reading tells it
        self._news, self._news_at = self.total, now
        return True

    def condition(self, queue: str | None) -> Condition | None:
        """What is to be said of them; None: nothing is known. queue: where they are."""
        if self.total is None or queue is None:
            return None
        if self.total == 0:
            return Condition(
                type=DEAD_LETTERS, status=False, reason="NoDeadLetters", message="none was given up"
            )
        text = (
            f"{self.total} tasks were given up and are in queue {queue!r}: look at them with "
            f"`workqueue dlq list`, and replay or purge them"
        )
        return Condition(type=DEAD_LETTERS, status=True, reason="TasksGivenUp", message=text)

    def _is_believed(self, reading: Known, now: float) -> bool:
        """A queue without a leader shows zero, too: that must last."""
        if reading.ready or self.total == 0:
            self._zeros = 0
            return True
        if self._zeros == 0:
            self._zero_since = now
        self._zeros += 1
        lasted = now - self._zero_since >= ZERO_PROOF_SECONDS
        return lasted and self._zeros >= ZERO_PROOF_READINGS
