"""What is read of a queue goes into its WorkQueue's state; a step is asked for if it matters."""

from workqueue_operator.controller.pending import Urgency
from workqueue_operator.controller.rest import Rest
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.access import Access
from workqueue_operator.core.decision import CENSUS_RECENT_SECONDS, Decision, Reason, Seen
from workqueue_operator.core.policy import decide
from workqueue_operator.core.readings import Known, Reading
from workqueue_operator.core.shrinking import ZERO_PROOF_READINGS
from workqueue_operator.core.statuswrites import NUMBERS_EVERY_SECONDS

WORDS_ALONE_EVERY_SECONDS = 1.0
"""A reason that flutters while the number of workers stays asks for no more steps than this."""
REST_SECONDS = 30.0
"""So often every queue is decided for, whatever is read of it."""
RESTING = frozenset(
    {
        Reason.IDLE,
        Reason.STEADY,
        Reason.AT_MAXIMUM,
        Reason.BELOW_ACTIVATION,
        Reason.HELD,
        Reason.FIXED,
    }
)
"""Reasons of decisions that time alone does not change."""


def is_at_rest(state: ObjectState, access: Access, reading: Reading, now: float) -> bool:
    """Whether nothing follows from this reading, which is then taken in. With the lock held.

    The history is not told: a need holds until the next reading that is learned.
    """
    rest = state.rest
    if (
        rest is None
        or now >= rest.until
        or type(reading) is not Known
        or reading.ready != rest.reading.ready
        or reading.consumers != rest.reading.consumers
        or reading.unacked != rest.reading.unacked
        or state.deployment is not rest.deployment
        or state.decided is not rest.decided
        or state.wq is not rest.wq
        or access is not rest.access
    ):
        return False
    state.reading = reading
    return True


def take_in(state: ObjectState, access: Access, reading: Reading, now: float) -> Urgency | None:
    """Learn one reading; returns how urgent a step is, None: none is wanted. With the lock held."""
    before, state.reading, state.rest = state.reading, reading, None
    seen = state.seen(now)
    if seen is None:
        return None
    state.learn(seen, now)
    decision = decide(state.rules, seen, state.history, now=now)
    urgency = Urgency.FIRST_WORKERS if decision.workers > seen.wanted == 0 else Urgency.USUAL
    if type(before) is not type(reading):
        return urgency
    if state.wq.deleted is not None or now < state.quiet_until:
        return None  # a deletion and a retry have a rhythm of their own
    if _differs(state, decision, now):
        return urgency
    if decision == state.decided and isinstance(reading, Known):
        state.rest = _rest(state, access, reading, seen, now)
    return None


def _differs(state: ObjectState, decision: Decision, now: float) -> bool:
    """Whether a step would do or tell anything."""
    told, since = state.decided, now - state.decided_at
    if state.leaving is not None and now < state.leaving.due and decision.workers < state.wanted():
        return False  # who is to leave is marked, and that takes its time
    if told is None or decision.workers != state.wanted() or decision.ask != told.ask:
        return True
    if decision.reason != told.reason or decision.advised != told.advised:
        return since >= WORDS_ALONE_EVERY_SECONDS
    return decision.message != told.message and since >= NUMBERS_EVERY_SECONDS


def _rest(
    state: ObjectState, access: Access, reading: Known, seen: Seen, now: float
) -> Rest | None:
    """The rest that this reading begins, if the same one would be answered the same for a while."""
    told, census = state.decided, seen.census
    if told is None or told.reason not in RESTING or told.ask is not None or seen.rolling:
        return None
    if census is not None and census.age_seconds <= CENSUS_RECENT_SECONDS:
        return None  # what the workers said grows old
    if seen.learned is not None and (reading.ready or reading.consumers):
        return None  # what arrives is learned from each reading (of nothing, in one long span)
    if 0 < state.history.zeros < ZERO_PROOF_READINGS:
        return None  # each of them counts
    until = now + REST_SECONDS
    if seen.may_drain:
        until = min(until, state.drained_at())
    return Rest(access, reading, state.wq, state.deployment, told, until)
