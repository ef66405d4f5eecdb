"""That the queue is there, as asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.slots import Slots
from workqueue_operator.controller.spread import Spread
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, QueueError
from workqueue_operator.core.readings import Known, Missing
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import Topology

CHECK_AFTER_SECONDS = 30.0
CHECKS_APART_SECONDS = 0.05
"""Queues that a process before this one declared are looked at again, 20 a second at most."""


@dataclass(slots=True)
class Declaring:
    """Declares the queue of a WorkQueue, where nobody has yet, and where it has vanished."""

    topology: Topology
    reporter: Reporter
    slots: Slots
    clock: Clock
    _checks: Spread = field(
        default_factory=lambda: Spread(
            after_seconds=CHECK_AFTER_SECONDS, apart_seconds=CHECKS_APART_SECONDS
        )
    )

    def trust(self, state: ObjectState, access: Access) -> None:
        """Take the queue as declared if status says so: a restart asks the broker for little.

        What was changed while no operator ran is found by a check, later.
        """
        if state.declared is None and _was_declared(state.wq, access):
            state.declared = (access.address, state.wq.queue)
            state.check_at = self._checks.next(self.clock.monotonic())

    def ensure(self, state: ObjectState, access: Access) -> bool:
        """Declare the queue where that was not done yet, or where it has vanished.

        Asks the broker only after it has answered a reading: a silent broker holds up no thread.
        Returns False when it is not declared and cannot be now: the broker has not answered, or
        has enough to do with others (then this WorkQueue is called when it is its turn).

        Raises:
            QueueError, BrokerError: what the broker said.
        """
        wq, reading = state.wq, state.reading
        declared = state.declared == (access.address, wq.queue)
        if not isinstance(reading, Known | Missing):
            return declared
        if declared and not isinstance(reading, Missing):
            self._check(state, access)
            return True
        with self.slots.slot(access, wq.uid) as free:
            if not free:
                return False
            self._declare(state, access)
        return True

    def _check(self, state: ObjectState, access: Access) -> None:
        """Look once whether the queue is as the process that declared it left it."""
        if state.check_at is None or self.clock.monotonic() < state.check_at:
            return
        with self.slots.slot(access, state.wq.uid) as free:
            if not free:
                return
            try:
                self._declare(state, access)
            except QueueError:
                raise
            except BrokerError:
                # It says nothing about the queue, and the readings tell of it.
                state.check_at = self._checks.next(self.clock.monotonic())

    def _declare(self, state: ObjectState, access: Access) -> None:
        wq = state.wq
        created = self.topology.ensure(access, wq.queue)
        self._tell(state, access, created=created)
        state.declared, state.check_at = (access.address, wq.queue), None
        if created:
            with state.lock:
                state.reading = None  # "missing" is no news any more; the next sweep counts
                state.awaited_since = self.clock.monotonic()

    def _tell(self, state: ObjectState, access: Access, *, created: bool) -> None:
        wq = state.wq
        place = f"queue {wq.queue.name!r} on {access.address}"
        if not created:
            return
        if access.address != _declared_on(state):
            text = f"declared {place}: durable, {wq.queue.type}"
            self.reporter.event(wq, "Normal", "QueueDeclared", text)
            return
        text = f"{place} was gone and is declared anew; tasks that were in it are lost with it"
        self.reporter.event(wq, "Warning", "QueueRecreated", text)


def _declared_on(state: ObjectState) -> str | None:
    """The broker that had the queue before, as this process or one before it knows."""
    if state.declared is not None:
        return state.declared[0]
    address: str | None = state.wq.status.get("broker", {}).get("address")
    return address


def _was_declared(wq: WorkQueue, access: Access) -> bool:
    """Whether status says that this very queue is there, declared for this very spec."""
    ready = next((each for each in wq.status.get("conditions", ()) if _says_there(each)), None)
    if ready is None:
        return False
    broker, queue = wq.status.get("broker", {}), wq.status.get("queue", {})
    said = (ready.get("observedGeneration"), broker.get("address"), queue.get("name"))
    return said == (wq.generation, access.address, wq.queue.name)


def _says_there(condition: Mapping[str, Any]) -> bool:
    return (condition["type"], condition["status"]) == ("QueueReady", "True")
