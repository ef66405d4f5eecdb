"""What the speed of a worker is measured on: read by what measures and by what tells of it."""

USERNAME, PASSWORD = "admin", "admin-password"
"""Of the local cluster's broker."""

CASES = tuple(
    (queue_type, milliseconds, delay)
    for queue_type in ("quorum", "classic")
    for milliseconds in (1, 10)
    for delay in (0, 2)
)
"""Type of the queue, length of a task and round trip to the broker in ms."""


def key(who: str, queue_type: str, milliseconds: int, delay: int) -> str:
    """How a figure is named: `worker-speed-quorum-1ms-far`."""
    return f"{who}-speed-{queue_type}-{milliseconds}ms{'-far' if delay else ''}"
