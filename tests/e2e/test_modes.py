"""Every mode, by the spec and by annotation; and a mode that there is not."""

from contextlib import ExitStack

from kit.kube import Json
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

WORKERS = 2
TASKS, TASK_SECONDS = 30, 0.5
"""For three workers."""
MODES = ("Hold", "HoldDown", "HoldUp", "Advise")
FIXED = 2
ANNOTATED_TASKS = 6


def test_each_mode_follows_its_part_of_the_backlog_and_nothing_else(story: Story) -> None:
    # Given two workers each, one of them by number and not by need
    names = [mode.lower() for mode in MODES]
    for name in names:
        story.apply(name, quick({"minWorkers": WORKERS, "maxWorkers": 3}))
    story.apply("fixed", quick({"mode": "Fixed", "fixedWorkers": FIXED, "maxWorkers": 1}))
    story.apply("adviser", quick({"mode": "Advise"}))
    for name in (*names, "fixed"):
        story.wait_workers(name, WORKERS)
    everybody = [*names, "fixed", "adviser"]
    with ExitStack() as watching:
        watched = {name: watching.enter_context(Replicas(story.kube, name)) for name in everybody}
        # When none is needed any more
        for mode, name in zip(MODES, names, strict=True):
            story.set(name, {"scaling": {"mode": mode, "minWorkers": 0}})
        # Then only HoldUp lets them go, and Advise tells that it would
        story.wait_replicas("holdup", 0, seconds=20)
        assert_decides(story, "hold", "Held", WORKERS, "mode Hold: 2 workers stay")
        assert_decides(story, "holddown", "HeldDown", WORKERS, "2 workers stay (0 would do")
        assert_advises(story, "advise", stay=WORKERS, would=0)
        # When three are needed
        for number, name in enumerate(everybody):
            story.put(name, tasks(TASKS, seconds=TASK_SECONDS, first=number * TASKS))
        # Then only HoldDown gets one more
        story.wait_replicas("holddown", 3, seconds=5)
        assert_decides(story, "holdup", "HeldUp", 0, "0 workers stay (3 would do")
        assert_decides(story, "fixed", "Fixed", FIXED, "mode Fixed: 2 workers stay")
        # And all work goes on, but where nobody works, and Advise tells that somebody would
        story.wait_completed((len(everybody) - 2) * TASKS, seconds=60)
        assert_advises(story, "adviser", stay=0, would=3)
        assert {name: history.values() for name, history in watched.items()} == {
            "hold": [2],
            "holddown": [2, 3],
            "holdup": [2, 0],
            "advise": [2],
            "adviser": [0],
            "fixed": [2],
        }
    # And under Auto the rest is done, too
    for name in ("holdup", "adviser"):
        story.set(name, {"scaling": {"mode": "Auto"}})
    story.wait_completed(len(everybody) * TASKS, seconds=60)
    assert story.ledger.started_twice() == []


def test_annotations_outrank_the_spec_and_a_wrong_one_changes_nothing(story: Story) -> None:
    # Given an idle queue
    story.apply("kept", quick({"mode": "Auto"}))
    story.wait_ready("kept", "Idle")
    with Replicas(story.kube, "kept") as history:
        # When annotations give it a number, Then that is the number
        story.annotate("kept", mode="Fixed", fixed_workers="2")
        story.wait_replicas("kept", 2, seconds=5)
        assert_decides(story, "kept", "Fixed", 2, "mode Fixed: 2 workers stay")
        story.wait_workers("kept", 2)
        # When one of them makes no sense, Then it says so, with the ways out
        story.annotate("kept", mode="Stop")
        says = story.wait_not_ready("kept", "InvalidSpec")["message"]
        assert "annotation workqueue.dev/mode is 'Stop': use one of Auto, Hold" in says
        assert "or remove the annotation. Until then its workers stay as they are" in says
        assert story.wait_event("kept", "InvalidSpec")["message"] == says
        # And its workers go on working
        story.put("kept", tasks(ANNOTATED_TASKS, seconds=0.5))
        story.wait_completed(ANNOTATED_TASKS, seconds=15)
        # When both are gone, Then it follows its backlog again
        story.annotate("kept", mode=None, fixed_workers=None)
        story.wait_replicas("kept", 0, seconds=20)
        assert "InvalidSpec is over" in story.wait_event("kept", "Recovered")["message"]
        assert history.values() == [0, 2, 0]
    assert story.ledger.read().lost(range(ANNOTATED_TASKS)) == []
    assert story.ledger.started_twice() == []


def quick(scaling: Json) -> Json:
    """A spec that shrinks soon; a classic queue's zero is believed at once."""
    window = {"scaleDown": {"stabilizationSeconds": 3}}
    return {"queue": {"type": "Classic"}, "scaling": window | scaling}


def assert_decides(story: Story, name: str, reason: str, workers: int, words: str) -> None:
    """The last decision comes to have this reason, number and words."""
    told = story.wait_decision(name, reason)
    assert words in told["message"]
    assert told["workers"] == workers


def assert_advises(story: Story, name: str, *, stay: int, would: int) -> None:
    """The last decision of mode Advise comes to have this number, and nobody acts on it."""
    told = story.wait_advice(name, would)
    assert told["reason"] == "Advised"
    assert f"mode Advise: {stay} workers stay, {would} would run (" in told["message"]
    assert story.status(name)["workers"]["desired"] == stay
