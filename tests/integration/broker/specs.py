"""Queues as a WorkQueue asks for them."""

from typing import Literal

from workqueue_operator.core.queues import Queue

Type = Literal["Quorum", "Classic"]


def queue(
    kind: Type = "Quorum",
    *,
    name: str = "mail",
    limit: int | None = None,
    dead_letters: Literal["Declare", "None"] = "Declare",
) -> Queue:
    return Queue(
        name=name,
        type=kind,
        delivery_limit=limit,
        dead_letters=dead_letters,
        deletion_policy="Retain",
    )
