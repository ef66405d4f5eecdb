"""A worker dies in the middle of a task: the task is done elsewhere, and none is lost."""

from kit import processes
from kit.kube import wait_for
from kit.publishing import tasks
from kit.story import Story

LONG_SECONDS = 6
COUNT = 20
SIGKILLED = 137


def test_the_task_of_a_killed_worker_is_done_by_another(story: Story) -> None:
    # Given three workers, one of them in the middle of a long task, the others soon free
    story.apply("mortal", {"scaling": {"minWorkers": 3, "maxWorkers": 3}})
    story.wait_ready("mortal")
    story.wait_workers("mortal", 3)
    long, *_ = tasks(1, seconds=LONG_SECONDS)
    story.put("mortal", [long, *tasks(COUNT - 1, seconds=0.4, first=1)])
    pod = wait_for(
        "the long task to begin", lambda: story.ledger.read().in_work().get(0), seconds=9
    )
    # When it gets SIGKILL
    processes.kill_worker(pod)
    # Then every task is completed, the one that it held by another worker
    story.wait_completed(COUNT, seconds=60)
    assert story.ledger.read().lost(range(COUNT)) == []
    assert story.ledger.repeated() == []
    assert story.ledger.pods(0, "completed") != [pod]
    # And no other was started twice
    assert story.ledger.started_twice() == [0]
    wait_for("the kill to be told", lambda: SIGKILLED in exit_codes(story, pod), seconds=20)


def exit_codes(story: Story, pod: str) -> list[int]:
    """With which codes its containers have ended."""
    statuses = story.kube.need("Pod", pod)["status"].get("containerStatuses", ())
    ended = [each["lastState"]["terminated"] for each in statuses if each.get("lastState")]
    return [int(each["exitCode"]) for each in ended]
