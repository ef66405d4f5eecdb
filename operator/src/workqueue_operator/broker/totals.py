"""Which counts of the management API's totals list may be believed. Pure.

The list is right for classic queues and up to 5 s old for quorum queues, but for some seconds
after a start of the broker it says 0 for every quorum queue, and a quorum queue without a leader is
not in it at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DOUBTED_SECONDS = 20.0
"""So long after a connect a zero may be one of those that a starting broker tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """One answer: unacknowledged tasks by queue. Times are monotonic seconds.

    good_until: for queues with tasks or consumers. calm_until: for the others, in which nobody
    takes a task to work on; it is later, for while all are like that we ask rarely.
    """

    unacked: Mapping[str, int]
    asked_at: float
    good_until: float
    calm_until: float = 0.0

    def believed(
        self, queue: str, *, calm: bool = False, connected_at: float, now: float
    ) -> int | None:
        """Tasks in work, or None when this answer does not tell.

        calm: the queue has neither tasks nor consumers now.
        connected_at: since when the AMQP connection to the same broker has stood. An answer from
        before that is about another life of the broker. More than zero is believed at once: a
        broker that has just started invents zeros, and no tasks.
        """
        count = self.unacked.get(queue)
        good_until = max(self.good_until, self.calm_until) if calm else self.good_until
        if count is None or now >= good_until or self.asked_at < connected_at:
            return None
        if count == 0 and self.asked_at - connected_at < DOUBTED_SECONDS:
            return None
        return count


def unacked_by_queue(rows: object) -> dict[str, int]:
    """Read the list that the management API sent; rows and fields that lack are left out."""
    if not isinstance(rows, list):
        return {}
    return {
        row["name"]: row["messages_unacknowledged"]
        for row in rows
        if isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and _is_count(row.get("messages_unacknowledged"))
    }


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
