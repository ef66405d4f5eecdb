"""Deletes a queue together with those that go with it, where the policy lets them go."""

from collections.abc import Sequence
from dataclasses import dataclass

from workqueue_operator.controller.clock import Clock
from workqueue_operator.controller.ending import DeadLetters, Ending
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

    def watch_dead_letters(self, wq: WorkQueue, access: Access, ending: Ending) -> None:
        """They must be seen empty, too, where only what is empty may go."""
        name = wq.queue.dead_letter_name if wq.queue.deletion_policy == "DeleteIfEmpty" else None
        target = None if name is None else (access, name)
        if target is None or (ending.dead is not None and ending.dead.target == target):
            return
        self.unwatch_dead_letters(wq, ending)
        ending.dead = DeadLetters(target=target)
        self.watches.add(wq.uid, target)

    def unwatch_dead_letters(self, wq: WorkQueue, ending: Ending) -> None:
        """They are of no interest any more."""
        dead, ending.dead = ending.dead, None
        if dead is not None:
            self.watches.drop(wq.uid, dead.target)

    def dead_letters_may_go(self, ending: Ending, *, overdue: bool) -> bool | None:
        """Whether they are surely empty, or nobody asks; None: that is not known yet.

        overdue: nobody waits for it any longer, and what may hold a task is kept.
        """
        if ending.dead is None:
            return True
        empty = ending.dead.is_empty(self.clock.monotonic())
        return False if empty is None and overdue else empty

    def remove(self, access: Access, queue: Queue, *, dead_go: bool) -> Sequence[str]:
        """Delete all of them; returns the names of what is kept.

        Raises:
            BrokerError: the broker refused, or did not answer.
        """
        if_empty = queue.deletion_policy == "DeleteIfEmpty"
        # First, for what waits there comes back: then the queue is not empty, and stays.
        waiting = [
            name
            for name in queue.retry_queues
            if not self.topology.delete(access, name, if_empty=if_empty)
        ]
        gone = not waiting and self.topology.delete(access, queue.name, if_empty=if_empty)
        dead = True
        if queue.dead_letter_name is not None:
            # A queue that stays needs its dead letters: what is given up there would be lost.
            may_go = gone and dead_go
            dead = may_go and self.topology.delete(
                access, queue.dead_letter_name, if_empty=if_empty
            )
        both = ((queue.name, gone), (queue.dead_letter_name, dead))
        return [*(name for name, done in both if name is not None and not done), *waiting]
