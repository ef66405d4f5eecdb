"""What stories of workers begin with, and what a hand may do to them."""

from dataclasses import replace
from typing import Any

from unit.controller.fake_cluster import Key
from unit.controller.rig import KEY, Rig


def with_workers(rig: Rig, *, backlog: int = 50, **metadata: Any) -> dict[str, Any]:
    """One WorkQueue at work; five workers by default."""
    given = rig.apply(**metadata)
    name = given["metadata"]["name"]
    rig.run()
    rig.settle()
    rig.broker.queue(name).ready = backlog
    rig.sweep()
    rig.pods_start(("shop", name))
    rig.broker.queue(name).consumers = rig.deployment(("shop", name)).replicas
    rig.settle()
    return given


def hand_edit(rig: Rig, key: Key = KEY, **change: Any) -> None:
    """Somebody changes fields of the Deployment."""
    live = rig.deployment(key)
    rig.cluster.set_deployment(replace(live, generation=live.generation + 1, **change), key)
