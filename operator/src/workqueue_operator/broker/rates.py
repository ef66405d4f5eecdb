"""How fast one queue's tasks are finished, from the broker's own statistics of it.

One request of about a millisecond for one queue; nothing of it is asked of queues whose workers
tell it themselves.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from workqueue_operator.broker.asking import ask, queue_url
from workqueue_operator.core.access import Access
from workqueue_operator.core.upkeep import ManagementError
from workqueue_operator.ports import Throughput

STEP_SECONDS = 5
"""The broker's own: it counts as often as that, and keeps ten minutes of it."""

MOST_SECONDS = 600
_ANSWER_SECONDS = 2.0
_FINISHED = "message_stats.ack_details,messages_unacknowledged_details"
_DELIVERED = "message_stats.deliver_get_details,message_stats.redeliver_details"

Row = Mapping[str, Any]


class ManagementRates:
    """Implements ports.Rates; any thread may use it."""

    def ask(self, access: Access, queue: str, *, seconds: float) -> Throughput | None:
        """See ports.Rates."""
        return throughput(_row(access, queue, seconds, _FINISHED))

    def delivered(self, access: Access, queue: str, *, seconds: float) -> tuple[int, int] | None:
        """See ports.Rates."""
        return deliveries(_row(access, queue, seconds, _DELIVERED))


def _row(access: Access, queue: str, seconds: float, columns: str) -> object:
    """What the management API says of one queue; None: nothing."""
    if access.management_uri is None:
        return None
    steps = max(2, round(min(seconds, MOST_SECONDS) / STEP_SECONDS))
    question = _question(steps * STEP_SECONDS, columns)
    try:
        return ask(access, queue_url(access, queue), params=question, seconds=_ANSWER_SECONDS)
    except ManagementError:
        return None  # the monitor tells of an API that fails, and what to do about it


def throughput(row: object) -> Throughput | None:
    """Read one row of the management API; what is missing in it is unknown, and not zero."""
    acknowledged = _samples(row, "message_stats", "ack_details")
    if len(acknowledged) < 2:
        return None
    (began, before), (ended, after) = acknowledged[0], acknowledged[-1]
    in_work = _samples(row, "messages_unacknowledged_details")
    unacked = [count for at, count in in_work if began <= at <= ended]
    if not unacked or after < before or ended <= began:
        return None  # where the count fell, the queue is another, or the broker has begun anew
    seconds = (ended - began) / 1000
    return Throughput(finished=after - before, seconds=seconds, unacked=fmean(unacked))


def deliveries(row: object) -> tuple[int, int] | None:
    """The same of what was delivered; a queue of which nothing ever came back has no such count."""
    all_of_them = _samples(row, "message_stats", "deliver_get_details")
    again = _samples(row, "message_stats", "redeliver_details")
    if len(all_of_them) < 2:
        return None
    counted = all_of_them[-1][1] - all_of_them[0][1]
    came_back = again[-1][1] - again[0][1] if len(again) > 1 else 0
    return (counted, came_back) if 0 <= came_back <= counted else None


def _question(seconds: int, columns: str) -> dict[str, str | int]:
    kinds = ("lengths", "msg_rates")
    ages = {f"{kind}_age": seconds for kind in kinds}
    steps = {f"{kind}_incr": STEP_SECONDS for kind in kinds}
    return {**ages, **steps, "columns": columns}


def _samples(row: object, *path: str) -> Sequence[tuple[int, int]]:
    """(milliseconds since 1970, count), the oldest first."""
    found = row
    for name in (*path, "samples"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return sorted(
        (each["timestamp"], each["sample"])
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, Mapping) and _is_count(each, "timestamp") and _is_count(each, "sample")
    )


def _is_count(each: Row, name: str) -> bool:
    value = each.get(name)
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
