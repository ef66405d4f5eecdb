"""What one deletion has seen so far; lost with the process, and then seen anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.controller.watches import Target
from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need
from workqueue_operator.core.readings import Known, Missing, Reading
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS, ZERO_PROOF_SECONDS


@dataclass(slots=True)
class Companion:
    """What was read during a deletion of a queue that goes with the deleted one."""

    target: Target
    history: History = field(default_factory=History)
    reading: Reading | None = None

    def learn(self, reading: Reading) -> None:
        """One more reading."""
        self.reading = reading
        if isinstance(reading, Known):
            empty = reading.ready == 0
            self.history.learn(Need(0, 0), least=0, empty=empty, now=reading.at)
        else:
            self.history.break_off(reading.at)

    def is_empty(self, now: float) -> bool | None:
        """True when surely empty, False when surely not, None when that is not known yet."""
        if isinstance(self.reading, Missing):
            return True
        if isinstance(self.reading, Known) and self.reading.ready:
            return False
        proven = self.history.zero_is_proven(
            now=now, seconds=ZERO_PROOF_SECONDS, readings=ZERO_PROOF_READINGS
        )
        return True if proven else None


@dataclass(slots=True)
class Ending:
    """One deletion under way. Times: monotonic seconds, None: not in this process."""

    began_at: float
    heard_at: float | None = None  # the broker last said something about the queue
    workers_gone_at: float | None = None
    companions: Mapping[str, Companion] = field(default_factory=dict)  # by name
    told: bool = False  # that it waits for the broker
    farewell: bool = False  # what became of the queue has been told
