"""The book of what was sent and how it ended: pure, and the only place that counts.

A confirm names a delivery tag: the how-manieth message of its channel, counted from 1. Confirms
come in any order, and one may speak for `multiple` tags at once: all up to it. A task without a
queue to go to comes back first, by its id, and then its tag is confirmed all the same.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from workqueue_producer.tasks import NotConfirmed, Outcome, Task

NAMED_AT_MOST = 1000
"""How many unconfirmed tasks are kept by name; all are counted."""


class Ledger:
    """Every task that was sent is waiting for its confirm, waiting to be sent again, or ended.

    `window` bounds the tasks that wait for a confirm, `window_bytes` their bodies together (one
    task is let through however long it is).
    """

    def __init__(self, *, window: int, window_bytes: int) -> None:
        self.resent = 0
        self.not_confirmed: list[NotConfirmed] = []
        self._window = window
        self._window_bytes = window_bytes
        self._last_tag = 0
        self._waiting: dict[int, Task] = {}  # by delivery tag, oldest first
        self._tags: dict[str, int] = {}  # task id -> delivery tag
        self._bytes_waiting = 0
        self._again: deque[Task] = deque()
        self._ended: Counter[Outcome] = Counter()

    def count(self, outcome: Outcome) -> int:
        return self._ended[outcome]

    @property
    def ended(self) -> int:
        return self._ended.total()

    @property
    def sent(self) -> int:
        """Tasks that were handed to the broker at least once."""
        return self.ended + self.unsettled

    @property
    def unsettled(self) -> int:
        """Tasks whose end is still open."""
        return len(self._waiting) + len(self._again)

    @property
    def waiting(self) -> int:
        """Tasks that this channel has not confirmed yet."""
        return len(self._waiting)

    @property
    def refused(self) -> bool:
        """Whether the broker has returned or refused a task: then sending more is no use."""
        return bool(self._ended[Outcome.RETURNED] or self._ended[Outcome.NACKED])

    @property
    def has_room(self) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._window and self._bytes_waiting < self._window_bytes

    def new_channel(self) -> None:
        """The channel is gone with all its confirms: what waited on it must be sent again."""
        self._again.extend(self._waiting.values())
        self._waiting.clear()
        self._tags.clear()
        self._bytes_waiting = 0
        self._last_tag = 0

    def take_again(self) -> Task | None:
        """Take the oldest task that must be sent again. Hand it to `sending` at once."""
        if not self._again:
            return None
        self.resent += 1
        return self._again.popleft()

    def sending(self, task: Task) -> None:
        """Enter a task just before it is published: its tag is the next of this channel."""
        self._last_tag += 1
        self._waiting[self._last_tag] = task
        self._tags[task.id] = self._last_tag
        self._bytes_waiting += len(task.body)

    def confirmed(self, tag: int, *, multiple: bool) -> None:
        self._end(self._upto(tag, multiple=multiple), Outcome.CONFIRMED)

    def nacked(self, tag: int, *, multiple: bool) -> None:
        self._end(self._upto(tag, multiple=multiple), Outcome.NACKED)

    def returned(self, task_id: str) -> None:
        """The broker gave a task back. The confirm that follows it says nothing new."""
        tag = self._tags.get(task_id)
        if tag is not None:
            self._end([tag], Outcome.RETURNED)

    def give_up(self) -> None:
        """Nobody will ask the broker again: what is open stays unknown."""
        self.new_channel()
        while self._again:
            self._book(self._again.popleft(), Outcome.UNKNOWN)

    def _upto(self, tag: int, *, multiple: bool) -> Iterable[int]:
        """The tags that a confirm speaks for and that are still open.

        Raises:
            ValueError: the tag was never given out on this channel; counting on would lose tasks.
        """
        if tag > self._last_tag:
            raise ValueError(f"confirm for tag {tag}, but only {self._last_tag} were sent")
        if not multiple:
            return [tag] if tag in self._waiting else []
        return list(self._oldest(tag or self._last_tag))  # tag 0 means all, says AMQP

    def _oldest(self, last: int) -> Iterator[int]:
        for tag in self._waiting:
            if tag > last:
                return
            yield tag

    def _end(self, tags: Iterable[int], outcome: Outcome) -> None:
        for tag in tags:
            task = self._waiting.pop(tag)
            del self._tags[task.id]
            self._bytes_waiting -= len(task.body)
            self._book(task, outcome)

    def _book(self, task: Task, outcome: Outcome) -> None:
        self._ended[outcome] += 1
        if outcome is not Outcome.CONFIRMED and len(self.not_confirmed) < NAMED_AT_MOST:
            self.not_confirmed.append(NotConfirmed(task.id, task.number, outcome))
