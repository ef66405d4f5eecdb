"""The operator starts anew among WorkQueues that are all as they should be."""

import re
import time

from bench.figures import Figure
from bench.requests_seen import count
from bench.scene import Scene
from kit.kube import wait_for
from workqueue_operator.core.errors import ApiError

TRIALS = 3
LIMIT_SECONDS = 600
_DECIDED = re.compile(r"decided for all (\d+) WorkQueues")


def measure(scene: Scene) -> list[Figure]:
    """From its Deployment's step to one replica until its log says that all are decided."""
    seconds, writes = [], []
    for _ in range(TRIALS):
        scene.operator.scale(0)
        before, began = count(scene.kube), time.monotonic()
        scene.operator._scale(1)
        wait_for("all to be decided", lambda: _decided(scene), seconds=LIMIT_SECONDS, every=0.25)
        seconds.append(time.monotonic() - began)
        time.sleep(5)  # what it would write because of what it decided, it writes soon
        writes.append(float(count(scene.kube).since(before).writes))
        scene.operator.scale(1)
    return [
        Figure(key="restart", size=scene.size, unit="s", trials=seconds),
        Figure(key="restart-writes", size=scene.size, unit="requests", trials=writes),
    ]


def _decided(scene: Scene) -> bool:
    try:
        found = _DECIDED.search(scene.operator.log())
    except ApiError:
        return False  # the container does not run yet
    return found is not None and int(found[1]) >= scene.size
