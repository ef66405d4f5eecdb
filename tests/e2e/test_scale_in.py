"""A step down takes the idle workers, whoever they are; who is busy does not notice."""

from functools import partial

from kit.kube import wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas
from workqueue_operator.core.victims import COST

WORKERS = 6
LONG_SECONDS = 20
EACH = {"metric": "BacklogPerWorker", "value": 1}
SOON = {"stabilizationSeconds": 3}


def test_the_idle_leave_and_the_busy_work_on(story: Story) -> None:
    # Given six workers, of which two have a long task
    scaling = {"minWorkers": WORKERS, "maxWorkers": WORKERS, "target": EACH, "scaleDown": SOON}
    story.apply("mixed", {"scaling": scaling})
    story.wait_workers("mixed", WORKERS, seconds=60)
    story.put("mixed", tasks(2, seconds=LONG_SECONDS))
    busy = set(story.wait_in_work(2).values())
    with Replicas(story.kube, "mixed") as history:
        # When two are enough
        story.set("mixed", {"scaling": {"minWorkers": 0}})
        # Then those two stay, and nobody who stays is marked
        wait_for("the idle to leave", partial(only, story, busy), seconds=LONG_SECONDS)
        assert not any(is_marked(story, name) for name in busy)
        # And both tasks are done by whoever began them, in one go
        story.wait_completed(2, seconds=2 * LONG_SECONDS)
        story.wait_replicas("mixed", 0)
        assert history.values()[:2] == [WORKERS, 2]
    assert story.ledger.read().started_twice() == []
    assert {story.ledger.pods(task, "completed")[0] for task in range(2)} == busy


def only(story: Story, names: set[str]) -> bool:
    """These are all who were not told to leave."""
    staying = {
        pod["metadata"]["name"]
        for pod in story.pods("mixed")
        if "deletionTimestamp" not in pod["metadata"]
    }
    assert names <= staying, "a busy worker was told to leave"
    return staying == names


def is_marked(story: Story, name: str) -> bool:
    return COST in story.kube.need("Pod", name)["metadata"].get("annotations", {})
