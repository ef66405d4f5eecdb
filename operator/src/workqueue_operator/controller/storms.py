"""Asks a few workers how much of what they get was delivered before, while their number grows;
the broker, where the image brings its own consumer.

A number that stays costs nothing; all that grow together cost a few looks a second.
"""

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workqueue_operator.controller.counters import Choose, process_of
from workqueue_operator.controller.spread import Spread
from workqueue_operator.controller.state import Deliveries, ObjectState
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.storm import Delivered, since, storm
from workqueue_operator.ports import BusyAnswer, Cluster, Pod, Rates

EVERY_SECONDS = 30.0
WATCHED_SECONDS = 300.0
"""For so long after a step up from some workers to more."""
APART_SECONDS = 0.2
"""Five looks a second and no more, however many WorkQueues there are: each then waits longer."""
FORGOTTEN_SECONDS = 300.0
"""A storm of which nobody has told anything for so long holds up nobody any more."""
ASKED_AT_MOST = 5
AT_ONCE = 2
"""Workers that nobody can reach hold a thread for a second each time they are asked."""


def _spread() -> Spread:
    return Spread(after_seconds=EVERY_SECONDS, apart_seconds=APART_SECONDS)


@dataclass(slots=True)
class Storms:
    """Notices redelivery storms."""

    cluster: Cluster
    rates: Rates
    choose: Choose = random.sample
    _next: Spread = field(default_factory=_spread)
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))

    def look(self, state: ObjectState, now: float) -> float | None:
        """Ask some workers, if that is due. now: monotonic seconds.

        Returns seconds until the next look; None: nobody is asked.
        """
        if not _is_worth_it(state, now):
            state.deliveries = state.storm = None
            return None
        if state.deliveries is None:
            state.deliveries = Deliveries(due=self._next.next(now), heard_at=now)
        seen = state.deliveries
        if now >= seen.due:
            seen.due = self._next.next(now)
            if self._ask_if_free(state, seen):
                seen.heard_at = now
            elif now - seen.heard_at >= FORGOTTEN_SECONDS:
                state.storm = None
        return seen.due - now

    def _ask_if_free(self, state: ObjectState, seen: Deliveries) -> bool:
        """Returns whether anybody told anything; what is unknown ends no storm."""
        if not self._free.acquire(blocking=False):
            return False
        try:
            return self._ask(state, seen)
        except ApiError:
            return False  # a step that needs the API server tells of it; this can wait
        finally:
            self._free.release()

    def _ask(self, state: ObjectState, seen: Deliveries) -> bool:
        if state.wq.worker.brings_own_consumer:
            return self._ask_broker(state)
        return self._ask_workers(state, seen)

    def _ask_broker(self, state: ObjectState) -> bool:
        told = self.rates.delivered(*state.target, seconds=EVERY_SECONDS) if state.target else None
        if told is not None:
            state.storm = storm([told], already=state.storm is not None)
        return told is not None

    def _ask_workers(self, state: ObjectState, seen: Deliveries) -> bool:
        pods = self.cluster.list_pods(state.wq.namespace, state.wq.name)
        able = [pod for pod in pods if pod.ready and pod.ip and not pod.terminating]
        chosen = self._choose(able, seen.told)
        told = dict(_told(chosen, self.cluster.ask_busy(chosen)))
        if not told:
            return False
        before, seen.told = seen.told, told
        if before:
            lately = [since(before.get(process), now) for process, now in told.items()]
            state.storm = storm(lately, already=state.storm is not None)
        return True

    def _choose(self, pods: Sequence[Pod], told: Mapping[str, Delivered]) -> Sequence[Pod]:
        """Those that were asked before, as long as they are there."""
        known = [pod for pod in pods if process_of(pod) in told][:ASKED_AT_MOST]
        others = [pod for pod in pods if process_of(pod) not in told]
        return [*known, *self.choose(others, min(len(others), ASKED_AT_MOST - len(known)))]


def _is_worth_it(state: ObjectState, now: float) -> bool:
    """More workers were needed lately, and some are there."""
    live = state.deployment
    if live is None or live.ready == 0:
        return False
    return state.storm is not None or now - state.grew_at < WATCHED_SECONDS


def _told(
    pods: Sequence[Pod], answers: Mapping[str, BusyAnswer | None]
) -> Iterator[tuple[str, Delivered]]:
    for pod in pods:
        answer = answers.get(pod.name)
        if answer is not None and answer.delivered is not None:
            yield process_of(pod), answer.delivered
