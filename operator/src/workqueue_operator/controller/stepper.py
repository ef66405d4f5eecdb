"""One step of one WorkQueue: look, decide, act, report. Idempotent; can be taken at any time."""

from collections.abc import Sequence
from dataclasses import dataclass

from workqueue_operator.controller.acting import Acting
from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.finalizing import Finalizing
from workqueue_operator.controller.inspecting import Inspecting
from workqueue_operator.controller.overseeing import Overseeing
from workqueue_operator.controller.queueing import Queueing
from workqueue_operator.controller.reporter import Reporter
from workqueue_operator.controller.shrinking import Shrinking
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.controller.storms import Storms
from workqueue_operator.controller.tending import Tending
from workqueue_operator.controller.timing import Timing
from workqueue_operator.core.access import Access
from workqueue_operator.core.conditions import Findings
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.errors import (
    ApiError,
    BrokerError,
    QueueConflictError,
    WorkQueueError,
)
from workqueue_operator.core.policy import decide
from workqueue_operator.core.readings import Known, Missing, Unknown

CONFLICT = 409
RETRY_FIRST_SECONDS = 1.0
RETRY_LAST_SECONDS = 30.0
DECLARE_AGAIN_SECONDS = 5.0
FIRST_WORD_SECONDS = 2.0
"""A new WorkQueue has no status for so long, while nothing but the first reading is waited for."""
ASK_SECONDS = {"now": 0.5, "soon": 5.0}
"""How long after a census the workers may be asked again."""


@dataclass(slots=True)
class Stepper:
    """Takes steps; remembers nothing between them."""

    queueing: Queueing
    acting: Acting
    finalizing: Finalizing
    tending: Tending
    overseeing: Overseeing
    reporter: Reporter
    timing: Timing
    inspecting: Inspecting
    shrinking: Shrinking
    storms: Storms
    clock: Clock

    def step(self, state: ObjectState) -> float | None:
        """Take one step. Expected trouble is reported; bugs are raised.

        Returns seconds until another step is wanted, whatever else happens; None: none is.
        """
        if state.wq.deleted is not None:
            return self.finalizing.step(state)
        found = Findings()
        waits: list[float | None] = []
        try:
            access = self.queueing.resolve(state)
            self.finalizing.guard(state)
            access = self.queueing.watch(state, access)
            found.refusal = state.succession.refusal(state.reading)
        except ApiError as error:
            if error.status == CONFLICT:
                return RETRY_FIRST_SECONDS  # somebody wrote the object since we read it
            found.blocked = error
        except WorkQueueError as error:
            found.blocked = error
            self.queueing.release(state)
            waits += self._advance_blindly(state, found, error)
        else:
            waits += self._advance(state, access, found)
        waits.append(self._report(state, found))
        waits.append(self._again(state, found))
        return min((wait for wait in waits if wait is not None), default=None)

    def failed(self, state: ObjectState, errors: Sequence[WorkQueueError] = ()) -> float:
        """A step came to nothing. Returns seconds until the next: more each time, or as asked.

        Until then what is read of the queue asks for no step, unless it is of another kind.
        """
        asked = [each.retry_after_seconds for each in errors if isinstance(each, ApiError)]
        state.failures += 1
        doubled = RETRY_FIRST_SECONDS * 2.0 ** min(state.failures - 1, 8)
        return self._rest(state, max(min(RETRY_LAST_SECONDS, doubled), *asked, 0.0))

    def _again(self, state: ObjectState, found: Findings) -> float | None:
        """Seconds until another try, where something did not work."""
        if found.errors():
            return self.failed(state, found.errors())
        if found.declared or state.reading is None:
            state.failures = 0
            return None
        if isinstance(state.reading, Unknown):
            return self.failed(state)
        return self._rest(state, DECLARE_AGAIN_SECONDS)

    def _rest(self, state: ObjectState, seconds: float) -> float:
        with state.lock:
            state.quiet_until = self.clock.monotonic() + seconds
        return seconds

    def _advance(
        self, state: ObjectState, access: Access, found: Findings
    ) -> Sequence[float | None]:
        """Declare, decide and act; then what is not urgent."""
        try:
            found.declared = self.queueing.ensure(state, access)
        except BrokerError as error:
            found.queue = error
        waits = [self.queueing.look_again_seconds(state), *self._decide_and_act(state, found)]
        if found.declared:
            said, wait = self.tending.tend(state, access)
            seen, again = self.overseeing.look(state, access)
            found.upkeep = [*said, *seen]
            waits += [wait, again]
        return waits

    def _advance_blindly(
        self, state: ObjectState, found: Findings, error: WorkQueueError
    ) -> Sequence[float | None]:
        """Nobody can read the queue: the workers that are there are looked after all the same."""
        if isinstance(error, QueueConflictError) or state.deployment is None:
            return ()
        now = self.clock.monotonic()
        with state.lock:
            state.reading = Unknown(reason=error.reason, why=str(error), at=now)
            seen = state.seen(now)
            if seen is not None:
                state.learn(seen, now)
        return self._decide_and_act(state, found)

    def _decide_and_act(self, state: ObjectState, found: Findings) -> Sequence[float | None]:
        with state.lock:
            state.keep_learner()
        waits: list[float | None] = [self.timing.refresh(state)]
        decision = self._decide(state, found)
        found.reading, found.decision = state.reading, decision
        if decision is None:
            return waits
        try:
            waits.append(self._act(state, found, decision))
            waits.append(self.inspecting.look_at_pods(state))
            waits.append(self.storms.look(state, self.clock.monotonic()))
            found.trouble = state.trouble or state.storm
            waits.append(self.inspecting.sampling.sample(state, self.clock.monotonic()))
        except WorkQueueError as error:
            found.acting = error
        decision = found.decision or decision  # as far as it goes now
        waits += [decision.again_seconds, ASK_SECONDS[decision.ask] if decision.ask else None]
        return waits

    def _act(self, state: ObjectState, found: Findings, decision: Decision) -> float | None:
        """Do what may be done of it now. Returns seconds until there may be more."""
        with state.lock:
            decided = state.decided
        decision, later = self.shrinking.prepare(state, decision)
        with state.lock:
            if state.decided is decided:
                state.decided = decision
        found.decision = decision
        acted = self.acting.act(state, decision, may_create=found.declared)
        called_off = self.shrinking.call_off(state, decision)
        return min((each for each in (later, acted, called_off) if each is not None), default=None)

    def _decide(self, state: ObjectState, found: Findings) -> Decision | None:
        decision = self._decide_now(state)
        if decision is None or decision.ask is None:
            return decision
        age = self.clock.monotonic() - state.census_at
        if age < ASK_SECONDS[decision.ask] and not self.shrinking.wants_census(state):
            return decision  # it says what is safe without an answer
        try:
            taken = self.inspecting.take_census(state)
        except ApiError as error:
            found.acting = error
            return decision
        return self._decide_now(state, learning=True) if taken else decision

    def _decide_now(self, state: ObjectState, *, learning: bool = False) -> Decision | None:
        now = self.clock.monotonic()
        with state.lock:
            seen = state.seen(now)
            if seen is None:
                return None
            if learning:
                state.learn(seen, now)
            decision = decide(state.rules, seen, state.history, now=now)
            state.decided, state.decided_at = decision, now
            state.decided_on = state.deployment.replicas if state.deployment else None
            return decision

    def _report(self, state: ObjectState, found: Findings) -> float | None:
        live = state.deployment
        found.desired = state.wanted()
        found.ready = live.ready if live else 0
        found.dead_letters = state.dead.condition(state.wq.queue.dead_letter_name)
        if _waits_for_its_turn(found):
            return None  # it is called soon, and "missing" would be news of the moment only
        if found.decision is None and found.problem() is None:
            if state.wq.status:
                return None  # just started, and what stands there is not known to be wrong
            left = state.awaited_since + FIRST_WORD_SECONDS - self.clock.monotonic()
            if left > 0:
                return left
        return self.reporter.report(state, found)


def _waits_for_its_turn(found: Findings) -> bool:
    """The broker has enough to do with other declarations (Declaring.ensure)."""
    answered = isinstance(found.reading, Known | Missing)
    return answered and not found.declared and not found.errors()
