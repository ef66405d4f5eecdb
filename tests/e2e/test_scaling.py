"""From zero to many in one step, and back to zero when the work is done."""

from itertools import pairwise

from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

COUNT = 200


def test_200_tasks_are_done_once_by_20_workers_that_come_in_one_step_and_leave(
    story: Story,
) -> None:
    # Given a WorkQueue under Hold: its queue is there and durable, and there are no pods
    story.apply("burst", {"scaling": {"mode": "Hold"}})
    story.wait_ready("burst", "Held")
    queue = story.broker.queue("burst")
    assert queue is not None
    assert queue["durable"]
    assert not story.pods("burst")
    # When 200 tasks are published by the Job, and then it may scale
    summary = story.publish("publish", "burst", tasks(COUNT, seconds=1))
    assert summary["confirmed"] == COUNT
    with Replicas(story.kube, "burst") as history:
        story.set("burst", {"scaling": {"mode": "Auto"}})
        # Then 20 workers come in one step
        story.wait_replicas("burst", 20)
        story.wait_completed(COUNT, seconds=120)
        # And after the stabilisation window nobody is left
        story.wait_replicas("burst", 0, seconds=60)
        assert history.values()[:2] == [0, 20]
        assert all(later < earlier for earlier, later in pairwise(history.values()[1:]))
    # And every task was completed exactly once
    assert story.ledger.read().lost(range(COUNT)) == []
    assert story.ledger.repeated() == []
    assert story.ledger.started_twice() == []
    # And each step has an event with from, to, backlog, target and why
    events = [each["message"] for each in story.kube.events("burst", "ScaledUp", "ScaledDown")]
    assert events[0].startswith("from 0 to 20 workers (BacklogGrew): backlog 200 (200 ready, 0 in")
    assert "target 10 per worker" in events[0]
    assert "to 0 workers (Drained)" in events[-1]
    assert len(events) == len(history.values()) - 1


def test_tasks_published_while_it_scales_only_ever_add_workers(story: Story) -> None:
    # Given an empty WorkQueue that may scale
    story.apply("stream")
    story.wait_ready("stream", "Idle")
    with Replicas(story.kube, "stream") as history:
        # When tasks arrive
        story.publish("publish", "stream", tasks(COUNT, seconds=1))
        story.wait_completed(COUNT, seconds=120)
        # Then the number of workers never falls while there is work for them
        values = history.values()
    peak = values.index(max(values))
    assert all(later > earlier for earlier, later in pairwise(values[: peak + 1]))
    assert max(values) == 20
    assert story.ledger.read().lost(range(COUNT)) == []
    assert story.ledger.repeated() == []
