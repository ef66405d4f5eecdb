"""Memory of a worker, and how long a worker takes to its first task."""

from bench.figures import Figure
from kit.kube import Kube, wait_for
from kit.publishing import tasks
from kit.story import Story

MIB = 1024 * 1024
WORKER_PORT = 9400
WORKERS = 5


def workers(story: Story) -> list[Figure]:
    """Resident memory of workers after their first task, and process start -> task started."""
    name = "footprint"
    # The tasks wait before the first worker starts, or its first task would wait for them.
    story.apply(name, {"scaling": {"mode": "Hold", "maxWorkers": WORKERS}})
    story.wait_ready(name)
    story.publish("footprint", name, tasks(WORKERS * 20, seconds=0.2, first=1_000_000))
    story.set(name, {"scaling": {"mode": "Auto"}})
    wait_for("all to be done", lambda: story.ledger.read().completed() >= WORKERS * 20, seconds=90)
    memory, first = [], []
    for pod in story.pods(name):
        pod_name = pod["metadata"]["name"]
        memory.append(_gauge(story.kube, pod_name, WORKER_PORT, _RSS) / MIB)
        began = _gauge(story.kube, pod_name, WORKER_PORT, "process_start_time_seconds")
        starts = [
            float(each["at"])
            for each in story.ledger.entries
            if each["pod"] == pod_name and each["what"] == "started"
        ]
        if starts:
            first.append(min(starts) - began)
    return [
        Figure(key="worker-memory", size=0, unit="MiB", trials=memory),
        Figure(key="worker-first-task", size=0, unit="s", trials=first),
    ]


_RSS = "process_resident_memory_bytes"


def _gauge(kube: Kube, pod: str, port: int, name: str) -> float:
    text = kube.pod_text(pod, port, "metrics")
    line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
    return float(line.rsplit(" ", 1)[1])
