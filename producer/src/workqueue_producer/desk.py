"""What to send next, and when there is nothing left to do."""

from dataclasses import dataclass

from workqueue_producer.feed import Feed
from workqueue_producer.ledger import Ledger
from workqueue_producer.tasks import Task


@dataclass(slots=True)
class Desk:
    """The ledger, the feed, and the rule between them.

    After a task was returned or refused no new ones are taken: a missing or a full queue would
    refuse the rest as well, and a short list of what failed is one that can be acted upon.
    """

    feed: Feed
    ledger: Ledger
    stopping: bool = False

    @property
    def takes_new(self) -> bool:
        return not (self.stopping or self.ledger.refused or self.feed.ended or self.feed.error)

    @property
    def done(self) -> bool:
        return not self.takes_new and not self.ledger.unsettled

    def next_task(self) -> Task | None:
        """Take the task to publish now, entered in the ledger; None while there is none."""
        if not self.ledger.has_room:
            return None
        task = self.ledger.take_again() or (self.feed.take() if self.takes_new else None)
        if task is not None:
            self.ledger.sending(task)
        return task
