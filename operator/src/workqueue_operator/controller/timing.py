"""What follows from the time on the wall: the floors that a schedule sets."""

from dataclasses import dataclass

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.schedule import active_floor, next_change


@dataclass(frozen=True, slots=True)
class Timing:
    """Looks at schedules when they may have changed, and not with every reading."""

    clock: Clock

    def refresh(self, state: ObjectState) -> float | None:
        """Find the floor of now. Returns seconds until it may be another; None: never."""
        floors, now = state.wq.scaling.floors, self.clock.now()
        with state.lock:
            state.floor = active_floor(floors, now)
        change = next_change(floors, now)
        return None if change is None else max(0.0, (change - now).total_seconds())
