"""A worker dies in the middle of a task: the task is done elsewhere, and none is lost."""

from kit.processes import kill_worker
from kit.publishing import tasks
from kit.story import Story

COUNT = 8


def test_the_task_of_a_killed_worker_is_done_by_another(story: Story) -> None:
    # Given two workers, each in the middle of a task
    story.apply("mortal", {"scaling": {"minWorkers": 2, "maxWorkers": 2}})
    story.wait_ready("mortal")
    story.publish("publish", "mortal", tasks(COUNT, seconds=4))
    held = story.wait_in_work(2)
    # When one of them gets SIGKILL
    task, pod = min(held.items())
    kill_worker(pod)
    # Then every task is completed, and only the one that it held was started twice
    story.wait_completed(COUNT, seconds=60)
    assert story.ledger.read().lost(range(COUNT)) == []
    assert story.ledger.repeated() == []
    assert story.ledger.started_twice() == [task]
