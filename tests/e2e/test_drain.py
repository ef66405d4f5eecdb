"""Workers leave while they work: each finishes its task, and asks for nobody in its place."""

from cluster import node
from cluster.paths import default_paths
from kit.kube import wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

WORKERS = 8
LESS = 2
LONG_SECONDS = 15.0
EACH = {"metric": "BacklogPerWorker", "value": 1}


def test_those_who_leave_finish_their_task_and_ask_for_nobody(story: Story) -> None:
    # Given two WorkQueues, one with a management address, all of whose workers are busy
    address = f"http://{story.broker.pod_host}:15672"
    window = {"stabilizationSeconds": 60}
    scaling = {"maxWorkers": WORKERS, "target": EACH, "scaleDown": window}
    story.apply("plain", {"scaling": scaling})
    story.apply("managed", {"scaling": scaling, "broker": {"managementUri": address}})
    for number, name in enumerate(("plain", "managed")):
        story.wait_ready(name)
        story.publish(name, name, tasks(WORKERS, seconds=LONG_SECONDS, first=number * WORKERS))
    story.wait_in_work(2 * WORKERS)
    with Replicas(story.kube, "plain") as plain, Replicas(story.kube, "managed") as managed:
        # When maxWorkers is lowered: bounds outrank the busy
        for name in ("plain", "managed"):
            story.set(name, {"scaling": {"maxWorkers": LESS}})
        for name in ("plain", "managed"):
            story.wait_replicas(name, LESS)
        # And raised again while those who leave still work
        for name in ("plain", "managed"):
            story.set(name, {"scaling": {"maxWorkers": WORKERS}})
        assert len(story.ledger.read().in_work()) > 2 * LESS
        # Then every task is finished by the worker that began it
        story.wait_completed(2 * WORKERS, seconds=60)
        assert plain.values() == [WORKERS, LESS]
        assert managed.values() == [WORKERS, LESS]
    assert story.ledger.read().started_twice() == []
    assert story.ledger.repeated() == []


def test_a_new_image_at_20_busy_workers_moves_no_number_and_interrupts_no_task(
    story: Story,
) -> None:
    # Given 20 busy workers
    busy = 20
    story.apply("image", {"scaling": {"maxWorkers": busy, "target": EACH}})
    story.wait_ready("image")
    story.publish("publish", "image", tasks(3 * busy, seconds=8))
    story.wait_in_work(busy)
    with Replicas(story.kube, "image") as history:
        # When the image changes, first in Auto and then under Hold
        for mode in ("Auto", "Hold"):
            image = f"{story.images['worker']}-{mode.lower()}"
            node.tag(default_paths(), story.images["worker"], image)
            story.set("image", {"worker": {"image": image}, "scaling": {"mode": mode}})
            wait_for("the new pods", lambda: _all_run(story, image, busy), seconds=90)  # noqa: B023
        # Then spec.replicas never moved, and no task was interrupted
        story.wait_completed(3 * busy, seconds=60)
        assert history.values() == [busy]
    assert story.ledger.read().started_twice() == []
    assert story.ledger.repeated() == []


def _all_run(story: Story, image: str, count: int) -> bool:
    """As many pods as wanted run the image; those that still drain the old one do not count."""
    running = [
        pod
        for pod in story.pods("image")
        if "deletionTimestamp" not in pod["metadata"]
        and pod["spec"]["containers"][0]["image"] == image
    ]
    return len(running) == count
