"""What is read of a queue goes into its WorkQueue's state; a step is asked for if it matters."""

from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.status import NUMBERS_EVERY_SECONDS

WORDS_ALONE_EVERY_SECONDS = 1.0
"""A reason that flutters while the number of workers stays asks for no more steps than this."""


def take_in(state: ObjectState, reading: Reading, now: float) -> bool:
    """Learn one reading; returns whether a step is wanted. Called with the state's lock held."""
    before, state.reading = state.reading, reading
    seen = state.seen(now)
    if seen is None:
        return False
    learn(state.rules, seen, state.history, now=now)
    decision = decide(state.rules, seen, state.history, now=now)
    if type(before) is not type(reading):
        return True
    if state.wq.deleted is not None or now < state.quiet_until:
        return False  # a deletion and a retry have a rhythm of their own
    return _differs(state, decision, now)


def _differs(state: ObjectState, decision: Decision, now: float) -> bool:
    """Whether a step would do or tell anything."""
    told, since = state.decided, now - state.decided_at
    if told is None or decision.workers != state.wanted() or decision.ask != told.ask:
        return True
    if decision.reason != told.reason:
        return since >= WORDS_ALONE_EVERY_SECONDS
    return decision.message != told.message and since >= NUMBERS_EVERY_SECONDS
