"""0 -> 20 workers Ready, beside what a plain `kubectl scale` takes with the same Deployment."""

import time

from bench.figures import Figure
from kit.kube import wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

NAME = "ready"
WORKERS = 20
TASKS = 1000  # more than enough for all trials: the backlog always asks for all workers
TASK_SECONDS = 5
TRIALS = 5


def measure(story: Story) -> list[Figure]:
    """Alternate: by the operator (Hold -> Auto), and by hand (under Hold). Returns both."""
    story.apply(NAME, {"scaling": {"mode": "Hold", "maxWorkers": WORKERS}})
    story.wait_ready(NAME, "Held")
    story.publish("publish", NAME, tasks(TASKS, seconds=TASK_SECONDS))
    ours, plain = [], []
    with Replicas(story.kube, NAME) as history:
        for _ in range(TRIALS):
            ours.append(_by_operator(story, history))
            _empty(story)
            plain.append(_by_hand(story, history))
            _empty(story)
    return [
        Figure(key="ready-operator", size=0, unit="s", trials=ours),
        Figure(key="ready-kubectl", size=0, unit="s", trials=plain),
    ]


def _by_operator(story: Story, history: Replicas) -> float:
    began = time.time()
    story.set(NAME, {"scaling": {"mode": "Auto"}})
    return _until_ready(history, began)


def _by_hand(story: Story, history: Replicas) -> float:
    began = time.time()
    story.kube.patch("Deployment", NAME, {"spec": {"replicas": WORKERS}}, "scale")
    return _until_ready(history, began)


def _until_ready(history: Replicas, began: float) -> float:
    return wait_for(
        f"{WORKERS} ready", lambda: history.ready(WORKERS, since=began), seconds=60, every=0.02
    )


def _empty(story: Story) -> None:
    """Back to no pods at all; each finishes its task."""
    story.set(NAME, {"scaling": {"mode": "Hold"}})
    story.wait_ready(NAME, "Held")
    story.kube.patch("Deployment", NAME, {"spec": {"replicas": 0}}, "scale")
    wait_for("no pods", lambda: not story.pods(NAME), seconds=60)
    story.stay(3)
