"""Consumers that are not of our runtime: do they take what they should, and acknowledge it?"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.spread import Spread
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import IN_ORDER, in_order, not_shown
from workqueue_operator.core.status import Condition
from workqueue_operator.core.upkeep import ManagementError
from workqueue_operator.ports import Upkeep

FIRST_SECONDS = 10.0
"""The broker shows a consumer some seconds after it has come."""
EVERY_SECONDS = 60.0
APART_SECONDS = 0.1
"""Ten a second at most, however many WorkQueues there are: each is then looked at more rarely."""


@dataclass(slots=True)
class Overseeing:
    """Looks once a minute at the consumers of each WorkQueue whose image brings its own."""

    upkeep: Upkeep
    clock: Clock
    _first: Spread = field(
        default_factory=lambda: Spread(after_seconds=FIRST_SECONDS, apart_seconds=APART_SECONDS)
    )
    _again: Spread = field(
        default_factory=lambda: Spread(after_seconds=EVERY_SECONDS, apart_seconds=APART_SECONDS)
    )
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def look(self, state: ObjectState, access: Access) -> tuple[Sequence[Condition], float | None]:
        """What was found at the last look, and seconds until the next; None: none is wanted."""
        wq, live = state.wq, state.deployment
        if not wq.worker.brings_own_consumer:
            return _settled(state), None
        if access.management_uri is None:
            why = "who consumes is told by the management API only: give spec.broker.managementUri"
            return [not_shown(why)], None
        now = self.clock.monotonic()
        if live is None or live.ready == 0:
            state.oversee_at = None
            return state.overseen, None
        if state.oversee_at is None:
            state.oversee_at = self._first.next(now)
        if now >= state.oversee_at:
            state.oversee_at = self._again.next(now)
            self._ask_if_free(state, access)
        return state.overseen, state.oversee_at - now

    def _ask_if_free(self, state: ObjectState, access: Access) -> None:
        """One thread of ours at most waits for an API that does not answer."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            state.overseen = self._ask(state, access)
        finally:
            self._asking.release()

    def _ask(self, state: ObjectState, access: Access) -> Sequence[Condition]:
        wq = state.wq
        try:
            found = self.upkeep.consumers(access, wq.queue.name)
        except ManagementError as error:
            return [not_shown(f"the management API does not tell who consumes: {error}")]
        if found is None:
            return state.overseen  # they have just come, or gone
        return [in_order(found, prefetch=wq.worker.prefetch)]


def _settled(state: ObjectState) -> Sequence[Condition]:
    """Our runtime consumes as it should: what was said of another handler is over."""
    told = (state.status or state.wq.status).get("conditions", ())
    was_own = any(each["type"] == IN_ORDER for each in told)
    return [in_order([], prefetch=state.wq.worker.prefetch)] if was_own else ()
