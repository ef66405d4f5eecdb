"""Workers that die of their first task do not multiply; mended, all that are needed come."""

from kit.kube import Json, condition, wait_for
from kit.story import Story

TASKS, ALL, FEW = 240, 20, 3
STAYS_SECONDS = 8
TASK = ".."  # the tutorial's, of so many seconds
LAST_WORDS = "no such table: tasks"
PROGRAM = f"""
import os, signal, sys

def work(task):
    print({LAST_WORDS!r}, file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)
"""
CODE: Json = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "code"},
    "data": {"crashing.py": PROGRAM},
}
CONTAINER: Json = {
    "name": "worker",
    "env": [{"name": "PYTHONPATH", "value": "/code"}],
    "volumeMounts": [{"name": "code", "mountPath": "/code"}],
}
VOLUME: Json = {"name": "code", "configMap": {"name": "code"}}
CRASHES: Json = {
    "handler": {"python": "crashing:work"},
    "podTemplate": {"spec": {"containers": [CONTAINER], "volumes": [VOLUME]}},
}
MENDED: Json = {"handler": {"python": "workqueue_worker.tutorial:work"}}


def test_workers_that_die_of_their_first_task_stay_few_until_they_are_mended(
    bare_story: Story,
) -> None:
    story = bare_story
    # Given a handler that takes its worker down, which nobody can know beforehand
    story.kube.apply(CODE)
    story.apply("crash", {"worker": CRASHES, "queue": {"type": "Classic"}})
    story.wait_ready("crash", "Idle")
    # When there is work for twenty
    story.broker.put("crash", *[TASK] * TASKS)
    # Then it is told which pod ends, how, and where its last lines are
    says = wait_degraded(story, "crash")
    assert "no worker has finished a task since they began to crash: pod crash-" in says
    assert "exit code 139 (SIGSEGV)" in says
    assert LAST_WORDS in says
    assert story.wait_event("crash", "WorkersCrashing")["type"] == "Warning"
    # And a few stay, to show when it is mended
    wait_for("few workers", lambda: story.replicas("crash") <= FEW, seconds=120)
    story.stay(STAYS_SECONDS)
    assert 0 < story.replicas("crash") <= FEW
    assert story.wait_limited("crash", "WorkersCrashing")
    assert story.broker.waiting("crash") > 0
    # When it is mended, Then all come by themselves
    story.set("crash", {"worker": MENDED})
    story.wait_replicas("crash", ALL, seconds=120)
    wait_for("it to be well", lambda: not is_degraded(story, "crash"), seconds=60)


def wait_degraded(story: Story, name: str) -> str:
    """Wait until workers are said to crash, and none to work; returns the words."""

    def look() -> str | None:
        found = condition(story.kube.need("WorkQueue", name), "Degraded")
        words = str(found.get("message", ""))
        return words if is_degraded(story, name) and words.startswith("no worker") else None

    return wait_for(f"{name} to be degraded", look, seconds=120)


def is_degraded(story: Story, name: str) -> bool:
    """The condition as it is now."""
    return condition(story.kube.need("WorkQueue", name), "Degraded").get("status") == "True"
