"""Deletes a queue together with those that go with it, where the policy lets them go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.ending import Companion, Ending
from workqueue_operator.controller.watches import Watches
from workqueue_operator.core.access import Access
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.workqueue import WorkQueue
from workqueue_operator.ports import Topology


@dataclass(frozen=True, slots=True)
class Removal:
    """The broker's side of a deletion."""

    topology: Topology
    watches: Watches
    clock: Clock

    def watch_companions(self, wq: WorkQueue, access: Access, ending: Ending) -> None:
        """They must be seen empty, too, where only what is empty may go."""
        if_empty = wq.queue.deletion_policy == "DeleteIfEmpty"
        names = (wq.queue.dead_letter_name, *wq.queue.retry_queues) if if_empty else ()
        targets = {name: (access, name) for name in names if name is not None}
        if {name: each.target for name, each in ending.companions.items()} == targets:
            return
        self.unwatch_companions(wq, ending)
        ending.companions = {name: Companion(target) for name, target in targets.items()}
        for target in targets.values():
            self.watches.add(wq.uid, target)

    def unwatch_companions(self, wq: WorkQueue, ending: Ending) -> None:
        """They are of no interest any more."""
        companions, ending.companions = ending.companions, {}
        for each in companions.values():
            self.watches.drop(wq.uid, each.target)

    def empty(self, ending: Ending, *, overdue: bool) -> Collection[str] | None:
        """Those of them that are surely empty; None: that is not known of all yet.

        overdue: nobody waits for it any longer, and what may hold a task is kept.
        """
        now = self.clock.monotonic()
        found = {name: each.is_empty(now) for name, each in ending.companions.items()}
        if None in found.values() and not overdue:
            return None
        return {name for name, is_empty in found.items() if is_empty}

    def remove(self, access: Access, queue: Queue, *, empty: Collection[str]) -> Sequence[str]:
        """Delete all of them; returns the names of what is kept. empty: as told by `empty`.

        Raises:
            BrokerError: the broker refused, or did not answer.
        """
        if_empty = queue.deletion_policy == "DeleteIfEmpty"
        # First, for what waits there comes back: then the queue is not empty, and stays.
        waiting = [
            name
            for name in queue.retry_queues
            if not self._delete(access, name, if_empty=if_empty, empty=empty)
        ]
        gone = not waiting and self.topology.delete(access, queue.name, if_empty=if_empty)
        dead = True
        if queue.dead_letter_name is not None:
            # A queue that stays needs its dead letters: what is given up there would be lost.
            dead = gone and self._delete(
                access, queue.dead_letter_name, if_empty=if_empty, empty=empty
            )
        both = ((queue.name, gone), (queue.dead_letter_name, dead))
        return [*(name for name, done in both if name is not None and not done), *waiting]

    def _delete(self, access: Access, name: str, *, if_empty: bool, empty: Collection[str]) -> bool:
        """One of those that go with it. A zero that did not last proves nothing."""
        may_go = not if_empty or name in empty
        return may_go and self.topology.delete(access, name, if_empty=if_empty)
