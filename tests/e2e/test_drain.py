"""Workers leave while they work: each finishes its task, and asks for nobody in its place."""

from contextlib import ExitStack
from functools import partial
from typing import Any

from cluster import node
from cluster.paths import default_paths
from kit.kube import wait_for
from kit.publishing import Task, tasks
from kit.story import Story
from kit.watching import Replicas

WORKERS = 20
LESS = 5
LONG_SECONDS = 20
LOWERED = ("plain", "managed")
FEW, FEWER = 6, 2
EACH = {"metric": "BacklogPerWorker", "value": 1}


def test_busy_workers_who_leave_finish_their_tasks_and_ask_for_nobody(story: Story) -> None:
    # Given two WorkQueues, one with a management address, with 20 busy workers each
    # And one with 2 busy workers of 6, who are too many soon
    begin_work(story)
    in_work = len(LOWERED) * WORKERS + FEWER
    with ExitStack() as watching:
        names = (*LOWERED, "fewer")
        histories = [watching.enter_context(Replicas(story.kube, name)) for name in names]
        # When maxWorkers is lowered: bounds outrank the busy
        for name in LOWERED:
            story.set(name, {"scaling": {"maxWorkers": LESS}})
        for name in LOWERED:
            story.wait_replicas(name, LESS)
        # And raised again while those who leave still work: their tasks ask for nobody
        for name in LOWERED:
            story.set(name, {"scaling": {"maxWorkers": WORKERS}})
        story.wait_replicas("fewer", FEWER, seconds=15)
        assert len(story.ledger.read().in_work()) == in_work
        for name in LOWERED:
            assert len(leaving(story, name)) == WORKERS - LESS
        # Then every task is finished by the worker that began it
        story.wait_completed(in_work + FEW - FEWER, seconds=60)
        falls = [history.values() for history in histories]
        assert falls[:-1] == [[WORKERS, LESS], [WORKERS, LESS]]
        # (whoever of the few is done before the other may leave before it)
        assert falls[-1][:2] == [FEW, FEWER]
        assert falls[-1] == sorted(falls[-1], reverse=True)
    assert story.ledger.read().started_twice() == []
    assert story.ledger.repeated() == []


def begin_work(story: Story) -> None:
    """Workers first, and then a task for each of them."""
    address = f"http://{story.broker.pod_host}:15672"
    apply_with_workers(story, "plain", WORKERS)
    apply_with_workers(story, "managed", WORKERS, {"broker": {"managementUri": address}})
    apply_with_workers(story, "fewer", FEW, {"queue": {"type": "Classic"}})
    for name, count in (("plain", WORKERS), ("managed", WORKERS), ("fewer", FEW)):
        story.wait_workers(name, count, seconds=90)
    long = list(tasks(len(LOWERED) * WORKERS + FEWER, seconds=LONG_SECONDS))
    for name in LOWERED:
        story.put(name, take(long, WORKERS))
    story.put("fewer", [*take(long, FEWER), *tasks(FEW - FEWER, seconds=0.1, first=100)])
    story.wait_in_work(len(LOWERED) * WORKERS + FEWER, seconds=10)
    for name in LOWERED:
        story.set(name, {"scaling": {"minWorkers": 0}})
    soon = {"stabilizationSeconds": 3}
    story.set("fewer", {"scaling": {"minWorkers": 0, "scaleDown": soon}})


def take(these: list[Task], count: int) -> list[Task]:
    """Take some away from the front."""
    return [these.pop(0) for _ in range(count)]


def apply_with_workers(
    story: Story, name: str, count: int, more: dict[str, Any] | None = None
) -> None:
    """So many workers at once, whatever there is to do."""
    scaling = {"minWorkers": count, "maxWorkers": count, "target": EACH}
    patient = {"scaleDown": {"stabilizationSeconds": 60}}
    story.apply(name, {"scaling": scaling | patient} | (more or {}))


def leaving(story: Story, name: str) -> list[str]:
    """The pods that were told to leave and are still there."""
    return [
        pod["metadata"]["name"]
        for pod in story.pods(name)
        if "deletionTimestamp" in pod["metadata"]
    ]


def test_a_new_image_at_20_busy_workers_moves_no_number_and_interrupts_no_task(
    story: Story,
) -> None:
    # Given 20 busy workers, and work for a while
    story.apply("image", {"scaling": {"maxWorkers": WORKERS, "target": EACH}})
    story.wait_ready("image")
    count = 6 * WORKERS
    story.put("image", tasks(count, seconds=5))
    story.wait_workers("image", WORKERS, seconds=60)
    with Replicas(story.kube, "image") as history:
        # When the image changes, first in Auto and then under Hold
        for mode in ("Auto", "Hold"):
            story.wait_in_work(WORKERS)
            image = f"{story.images['worker']}-{mode.lower()}"
            node.tag(default_paths(), story.images["worker"], image)
            story.set("image", {"worker": {"image": image}, "scaling": {"mode": mode}})
            wait_for("the new pods", partial(all_run, story, image), seconds=90)
        # Then spec.replicas never moved, and no task was interrupted
        story.wait_completed(count, seconds=90)
        assert history.values() == [WORKERS]
    assert story.ledger.read().started_twice() == []
    assert story.ledger.repeated() == []


def all_run(story: Story, image: str) -> bool:
    """As many pods as wanted run the image; those that still drain the old one do not count."""
    running = [
        pod
        for pod in story.pods("image")
        if "deletionTimestamp" not in pod["metadata"]
        and pod["spec"]["containers"][0]["image"] == image
    ]
    return len(running) == WORKERS
