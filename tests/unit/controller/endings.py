"""What stories of deletion begin and end with."""

from typing import Any

from unit.controller.rig import KEY, Rig

POLICIES = ["Delete", "DeleteIfEmpty"]


def at_rest(
    rig: Rig, policy: str, worker: dict[str, Any] | None = None, **metadata: Any
) -> dict[str, Any]:
    """A WorkQueue at rest, its finalizer on."""
    given = rig.apply({"queue": {"deletionPolicy": policy}, "worker": worker or {}}, **metadata)
    rig.run()
    rig.settle()
    rig.pass_seconds(20)
    return given


def is_gone(rig: Rig) -> bool:
    return KEY not in rig.cluster.workqueues
