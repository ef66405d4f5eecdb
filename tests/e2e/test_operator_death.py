"""The operator dies, or is stopped, in the middle of its work: nobody else notices."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise

from kit.kube import wait_for
from kit.operating import Operator
from kit.publishing import tasks
from kit.story import NOWHERE, Story
from kit.watching import Replicas

STOP_SECONDS = 5
WINDOW_SECONDS = 10
CLIMBERS = ("climber-0", "climber-1", "climber-2", "climber-3")
STAYING = {"cooling": 5, "working": 3, "held": 2}


def test_killed_in_the_middle_of_a_scale_up_it_goes_on(story: Story, operator: Operator) -> None:
    # Given a WorkQueue that has begun to grow
    story.apply("growing", {"scaling": {"maxWorkers": 12}})
    story.wait_ready("growing")
    with Replicas(story.kube, "growing") as history:
        story.put("growing", tasks(60, seconds=1.5))
        story.wait_replicas("growing", 6)
        # When the operator is killed, and more tasks come before it is back
        operator.kill()
        story.put("growing", tasks(80, seconds=1.5, first=60))
        # Then it goes on, and spec.replicas never fell on the way up
        story.wait_replicas("growing", 12)
        assert all(later > earlier for earlier, later in pairwise(history.values()))
        story.wait_completed(140, seconds=90)
        assert history.values()[-1] == 12
    assert story.ledger.read().lost(range(140)) == []
    assert story.ledger.started_twice() == []


def test_stopped_it_leaves_no_step_half_done_and_started_again_it_changes_nothing(
    story: Story, operator: Operator
) -> None:
    # Given more workers than are needed, workers with long tasks and nothing waiting, and held ones
    begin_work(story)
    for name in CLIMBERS:
        story.apply(name, {"worker": NOWHERE, "queue": {"type": "Classic"}})
        story.wait_ready(name)
    with ExitStack() as watching:
        histories = {n: watching.enter_context(Replicas(story.kube, n)) for n in STAYING}
        # When the operator is stopped in the middle of many steps
        with climbing(story):
            took = operator.stop()
        # Then it ends soon
        assert took < STOP_SECONDS
        # And what it told last of each WorkQueue is what it did last
        for name in CLIMBERS:
            steps = told_steps(story, name)
            assert all(left[1] == right[0] for left, right in pairwise(steps)), steps
            assert steps[-1][1] == story.replicas(name)
            assert story.status(name)["workers"]["desired"] == story.replicas(name)
        # And started again it changes no number of workers
        operator.scale(1)
        story.stay(WINDOW_SECONDS + 2)
        assert {n: history.values() for n, history in histories.items()} == {
            name: [count] for name, count in STAYING.items()
        }
    assert len(story.ledger.read().in_work()) == STAYING["working"]


def begin_work(story: Story) -> None:
    """Workers that a process without a memory might send home."""
    story.apply("cooling", {"scaling": {"scaleDown": {"stabilizationSeconds": 600}}})
    each = {"metric": "BacklogPerWorker", "value": 1}
    window = {"stabilizationSeconds": WINDOW_SECONDS}
    story.apply("working", {"scaling": {"target": each, "scaleDown": window}})
    story.apply("held", {"scaling": {"minWorkers": STAYING["held"], "scaleDown": window}})
    for name in STAYING:
        story.wait_ready(name)
    story.wait_replicas("held", STAYING["held"])
    story.set("held", {"scaling": {"mode": "Hold", "minWorkers": 0}})
    story.put("cooling", tasks(10 * STAYING["cooling"], seconds=0.1))
    story.wait_replicas("cooling", STAYING["cooling"])
    story.wait_completed(10 * STAYING["cooling"], seconds=60)
    story.put("working", tasks(STAYING["working"], seconds=60, first=1000))
    story.wait_replicas("working", STAYING["working"])
    story.wait_in_work(STAYING["working"])


@contextmanager
def climbing(story: Story) -> Iterator[None]:
    """Ask for one worker more, again and again; some steps have been taken when this begins."""
    ended = threading.Event()

    def climb() -> None:
        for workers in range(1, 21):
            for name in CLIMBERS:
                story.set(name, {"scaling": {"minWorkers": workers}})
            if ended.wait(0.1):
                return

    thread = threading.Thread(target=climb)
    thread.start()
    wait_for("steps", lambda: all(story.replicas(name) > 1 for name in CLIMBERS), seconds=20)
    try:
        yield
    finally:
        ended.set()
        thread.join()


def told_steps(story: Story, name: str) -> Sequence[tuple[int, int]]:
    """From and to of each step, as its event told."""
    told = [each["message"] for each in story.kube.events(name, "ScaledUp", "ScaledDown")]
    found = [re.match(r"from (\d+) to (\d+) workers", message) for message in told]
    return [(int(each[1]), int(each[2])) for each in found if each is not None]
