"""A task for every queue within one second -> every Deployment scaled."""

import random

from bench.figures import Figure
from bench.publisher import Crew
from bench.scene import Scene

MOST = 1_000
TRIALS = 3
LIMIT_SECONDS = 300


def measure(scene: Scene) -> Figure:
    """From the last confirm to the last Deployment that has a replica."""
    chance = random.Random(2)  # noqa: S311 - repeatable, and no secret
    seconds, publishing = [], []
    with Crew(scene.broker) as crew:
        for _ in range(TRIALS):
            members = chance.sample(scene.members, min(MOST, scene.size))
            began, confirmed = crew.publish([each.name for each in members])
            wanted = {each.key: 1 for each in members}
            scaled = scene.crowd.wait_replicas(wanted, seconds=LIMIT_SECONDS)
            seconds.append(max(0.0, scaled - confirmed))
            publishing.append(confirmed - began)
            crew.purge([each.name for each in members])
            scene.crowd.wait("all workers to be gone", scene.crowd.all_idle, seconds=600)
            scene.settle()
    note = f"{min(MOST, scene.size):,} queues; published within {max(publishing):.2f} s"
    return Figure(key="surge", size=scene.size, unit="s", trials=seconds, note=note)
