"""Before fewer workers are asked for: the idle ones are marked, so that Kubernetes takes those.

Kubernetes chooses from what its own watch has told it, which may be a moment old. So the marks are
given time to arrive; then the marked ones are asked once more, for a task may have come meanwhile.
No step waits for that: it ends, and another one goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.inspecting import Inspecting
from workqueue_operator.controller.leaving import Leaving
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.decision import CENSUS_FRESH_SECONDS, Decision, Reason
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import Mark, Worker, choose, review
from workqueue_operator.ports import Cluster

SETTLE_SECONDS = 1.0
"""How long a mark has to be seen by Kubernetes. The controller of the ReplicaSet saw a change of a
pod 0.002 s after it was written (median; 0.05 s at the most of 80), with 40 workers on one machine.
"""
MOST_ROUNDS = 3
"""With tasks of a second somebody who was marked is always busy again; after so many rounds
whoever is still idle goes."""
EXPOSED_SECONDS = 5.0
"""A busy worker that is not Ready is looked at so often."""
CROWDED_SECONDS = 0.5
"""Too many others are being asked."""
OUTRANKING = frozenset({Reason.ABOVE_MAXIMUM, Reason.FIXED})
"""What the user asks for in so many words goes even if busy workers have to leave."""

MARKED = "the idle ones are marked to leave first"
CROWDED = "others are asked first"

Prepared = tuple[Decision, float | None]
"""What may be done now, and seconds until there may be more."""


@dataclass(frozen=True, slots=True)
class _Down:
    """A step down: who is there, and what was decided on them."""

    state: ObjectState
    decision: Decision
    replicas: int
    roll: Sequence[Worker]

    @property
    def leaving(self) -> int:
        """So many of the pods that are there would go."""
        return len(self.roll) - self.decision.workers

    def stops_for(self, exposed: Sequence[str]) -> bool:
        """Nobody goes while a busy worker would go first."""
        return bool(exposed) and not self.outranks

    @property
    def follows_another(self) -> bool:
        """More marks now would choose anew who goes at the step before."""
        live = self.state.deployment
        return live is not None and live.current > live.replicas

    @property
    def outranks(self) -> bool:
        """Busy workers go as well."""
        return self.decision.reason in OUTRANKING

    def held(self, more: str) -> Decision:
        """Nobody leaves yet."""
        return _held(self.decision, self.replicas, more)


@dataclass(slots=True)
class Shrinking:
    """Puts a step down off until the right workers will leave."""

    cluster: Cluster
    inspecting: Inspecting
    clock: Clock

    def wants_census(self, state: ObjectState) -> bool:
        """Those who are marked are to be asked once more, whenever they were asked before."""
        leaving = state.leaving
        return leaving is not None and self.clock.monotonic() >= leaving.due > state.census_at

    def prepare(self, state: ObjectState, decision: Decision) -> Prepared:
        """Mark who is to leave, or see who of the marked still may.

        Raises:
            ApiError: pods could not be listed or marked; nobody leaves.
        """
        live, now = state.deployment, self.clock.monotonic()
        if live is None or not 0 < decision.workers < live.replicas or state.is_rolling(now):
            return decision, None  # where all go there is nothing to choose
        leaving = state.leaving
        if leaving is not None and now < leaving.due:
            return _held(decision, live.replicas, MARKED), leaving.due - now
        if not self._knows(state, leaving):
            return _held(decision, live.replicas, CROWDED), CROWDED_SECONDS
        down = _Down(state, decision, live.replicas, state.roll)
        return self._begin(down) if leaving is None else self._go_on(down, leaving)

    def call_off(self, state: ObjectState, decision: Decision) -> float | None:
        """Take the marks away if nobody is to leave any more. Seconds until another try.

        Raises:
            ApiError: some may still be there; they are taken away at the next try.
        """
        leaving = state.leaving
        if leaving is None or decision.ask is not None:
            return None
        if not self._mark(state, leaving.unmarked()):
            return CROWDED_SECONDS
        state.leaving = None
        return None

    def _knows(self, state: ObjectState, leaving: Leaving | None) -> bool:
        """The workers as they are now are on the roll; not so while too many others are asked."""
        since = leaving.due if leaving else self.clock.monotonic() - CENSUS_FRESH_SECONDS
        return state.census_at >= since or self.inspecting.take_census(state)

    def _begin(self, down: _Down) -> Prepared:
        if down.follows_another and not down.outranks:
            return down.held("those of the last step are still leaving"), None
        choice = choose(down.roll, leaving=down.leaving)
        if down.stops_for(choice.exposed):
            return _exposed(down, choice.exposed), EXPOSED_SECONDS
        if not choice.marks:
            return down.decision, None
        if not self._mark(down.state, choice.marks):
            return down.held(CROWDED), CROWDED_SECONDS
        uids = {each.name: each.uid for each in down.roll if each.name in choice.leaving}
        down.state.leaving = Leaving(uids, due=self.clock.monotonic() + SETTLE_SECONDS)
        return down.held(MARKED), SETTLE_SECONDS

    def _go_on(self, down: _Down, leaving: Leaving) -> Prepared:
        """Those who got a task meanwhile stay: the step is shorter by as many."""
        found, now = review(down.roll, leaving.marked, leaving=down.leaving), self.clock.monotonic()
        if down.stops_for(found.exposed):
            down.state.leaving = leaving.later(now + EXPOSED_SECONDS)
            return _exposed(down, found.exposed), EXPOSED_SECONDS
        if found.caught and not self._mark(down.state, found.caught):
            return down.held(CROWDED), CROWDED_SECONDS
        if found.caught and leaving.rounds < MOST_ROUNDS:
            down.state.leaving = leaving.without(found.caught).again(now + SETTLE_SECONDS)
            return down.held(MARKED), SETTLE_SECONDS
        down.state.leaving = None
        return self._shortened(down, found.may_leave), None

    def _shortened(self, down: _Down, may_leave: int) -> Decision:
        least = 0 if down.outranks else len(down.roll) - may_leave
        workers = max(down.decision.workers, least)
        if workers >= down.replicas:
            return down.held("all who were idle have got a task")
        return replace(down.decision, workers=workers)

    def _mark(self, state: ObjectState, marks: Sequence[Mark]) -> bool:
        """False: too many others are being asked or marked."""
        free = self.inspecting.censuses
        if not free.acquire(blocking=False):
            return False
        try:
            self.cluster.mark_pods(state.wq.namespace, marks)
        except ApiError:
            state.census_at = float("-inf")  # the next try asks again, and so comes as far as here
            raise
        finally:
            free.release()
        return True


def _held(decision: Decision, workers: int, more: str) -> Decision:
    """Nobody leaves yet."""
    return replace(
        decision,
        workers=workers,
        reason=Reason.COOLING_DOWN,
        message=f"{decision.message}; {more}",
        ask="soon",
    )


def _exposed(down: _Down, names: Sequence[str]) -> Decision:
    more = f"{names[0]} holds a task and is not Ready, so Kubernetes would take it first"
    return replace(down.held(more), reason=Reason.WORKERS_BUSY)
