"""A redelivery storm: tasks go round and round, and more workers only turn them faster."""

from collections.abc import Iterable

from workqueue_operator.core.pods import Trouble

STORM = "RedeliveryStorm"
"""The reason of the trouble."""

LEAST_DELIVERIES = 20
"""Fewer prove nothing: a worker that lost its connection gets back what it held."""

Delivered = tuple[int, int]
"""Deliveries, and those among them that had been delivered before."""


def storm(delivered: Iterable[Delivered], *, already: bool) -> Trouble | None:
    """The trouble, if most of these deliveries were redeliveries.

    delivered: of some workers, since they were last asked. already: it was so when they were last
    asked; then it goes on while most of whatever came had come before.
    """
    counts = list(delivered)
    deliveries, again = sum(each[0] for each in counts), sum(each[1] for each in counts)
    least = 1 if already else LEAST_DELIVERIES
    if deliveries < least or 2 * again <= deliveries:
        return None
    return Trouble(
        reason="RedeliveryStorm",
        message=f"{again} of the last {deliveries} deliveries that were looked at were of tasks "
        f"that some worker had held before and not finished: the handler hands them back, or "
        f"workers are killed or cut off in the middle of them; see the workers' logs",
    )


def since(before: Delivered | None, now: Delivered) -> Delivered:
    """What came meanwhile. A counter that fell is that of a new process: all of it is new."""
    if before is None or now[0] < before[0] or now[1] < before[1]:
        return now
    return now[0] - before[0], now[1] - before[1]
