"""Publish confirmed -> spec.replicas patched to N, for random queues, one at a time."""

import random
import time

from bench.figures import Figure
from bench.publisher import Publisher
from bench.scene import Scene

TRIALS = 100
TASKS = 5
LIMIT_SECONDS = 60


def measure(scene: Scene) -> Figure:
    """At moments that no sweep can be in step with.

    With many queues each trial has one of its own, which gets TASKS tasks at once and is emptied
    afterwards. With few, each trial asks for one worker more than the one before.
    """
    chance = random.Random(1)  # noqa: S311 - repeatable, and no secret
    many = scene.size >= TRIALS
    members = chance.sample(scene.members, TRIALS) if many else [scene.members[0]] * TRIALS
    tasks = TASKS if many else 1
    seconds = []
    with Publisher(scene.broker) as publisher:
        for member in members:
            time.sleep(chance.uniform(0.3, 0.9))
            wanted = scene.crowd.replicas[member.key] + tasks
            confirmed = publisher.publish(member.name, tasks)
            scaled = scene.crowd.wait_replicas({member.key: wanted}, seconds=LIMIT_SECONDS)
            seconds.append(max(0.0, scaled - confirmed))
            if many:
                publisher.purge(member.name)
        publisher.purge(*{member.name for member in members})
    scene.crowd.wait("all workers to be gone", scene.crowd.all_idle, seconds=120)
    return Figure(key="latency", size=scene.size, unit="s", trials=seconds)
