"""DrainSeconds: what a task takes is learned, and a backlog is gone within the time asked for."""

import time

from kit.kube import Json, wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

VALUE_SECONDS = 30
TASK_SECONDS = 1.0
WRONG_GUESS_SECONDS = 0.1
FIRST, SECOND = 30, 120
STEADY = 4  # workers that would do it, if they were there at once
MOST = 12
LATE_SECONDS = 5.0
"""What two busy cores may add to the start of some workers."""


def test_a_backlog_is_cleared_in_time_once_the_length_of_a_task_is_learned(story: Story) -> None:
    # Given a first guess that is wrong by a factor of ten
    target = {"metric": "DrainSeconds", "value": VALUE_SECONDS}
    guess = {"expectedTaskSeconds": WRONG_GUESS_SECONDS}
    window = {"scaleDown": {"stabilizationSeconds": 5}}
    story.apply(
        "drains", {"queue": {"type": "Classic"}, "scaling": {"target": target | guess} | window}
    )
    story.wait_ready("drains", "Idle")
    # When the first tasks come, Then it goes by the guess, and learns
    story.put("drains", tasks(FIRST, seconds=TASK_SECONDS))
    story.wait_replicas("drains", 1, seconds=10)
    says = story.wait_event("drains", "ScaledUp")["message"]
    assert f"to be cleared in {VALUE_SECONDS} s at 0.1 s per task (a first guess)" in says
    story.wait_completed(FIRST, seconds=60)
    story.wait_replicas("drains", 0, seconds=30)
    assert_learned(story)
    with Replicas(story.kube, "drains") as history:
        # When many more come, Then as many workers as that needs come at once
        began = time.time()
        story.put("drains", tasks(SECOND, seconds=TASK_SECONDS, first=FIRST))
        put = time.time()
        story.wait_completed(FIRST + SECOND, seconds=2 * VALUE_SECONDS)
        # And the work is done in time, by no more than that
        done = max(story.ledger.times("completed").values())
        peak = max(history.values())
        assert done - put < VALUE_SECONDS + LATE_SECONDS
        assert STEADY <= peak <= MOST
        reached = history.first(peak, since=began)
        assert reached is not None
        assert reached < put - began + 3
    says = story.kube.events("drains", "ScaledUp")[-1]["message"]
    assert "samples" in says
    assert story.ledger.lost(range(FIRST + SECOND)) == []
    assert story.ledger.started_twice() == []


def assert_learned(story: Story) -> None:
    """What status says was learned comes near to the truth."""

    def look() -> Json | None:
        learned: Json = story.status("drains").get("learned", {})
        near = 0.7 * TASK_SECONDS < learned.get("taskSeconds", 0) < 1.3 * TASK_SECONDS
        return learned if near else None

    learned = wait_for("a task's seconds to be learned", look, seconds=5)
    assert learned["taskSamples"] > 0
    assert learned["startSamples"] > 0
    assert 0.4 < learned["startSeconds"] < 30
