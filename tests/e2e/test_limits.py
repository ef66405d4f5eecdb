"""Straight to the number that is needed and back, or as slowly as the rules of a WorkQueue want it.

There is no node for these workers: their number alone matters.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from kit.kube import Json
from kit.story import NOWHERE, Story
from kit.watching import Replicas

WAITING = 60  # tasks, for six workers
WINDOW_SECONDS = 3
PERIOD_SECONDS = 3
IDLE_SECONDS = 14
SOON_SECONDS = 2
TOLD_SECONDS = 0.5
"""A watch tells of a step a little later, not each time by the same."""


@dataclass(frozen=True, slots=True)
class Case:
    """Rules, and the numbers of workers that follow from them."""

    numbers: list[int]
    up: Json
    down: Json
    more: Json
    waiting: int = WAITING
    type: str = "Classic"  # whose zero is believed at once

    @property
    def scaling(self) -> Json:
        """Nothing begins before the last task is there."""
        window = {"stabilizationSeconds": WINDOW_SECONDS}
        together = {"activationBacklog": self.waiting - 1}
        return {**together, "scaleUp": self.up, "scaleDown": window | self.down, **self.more}


STEPS = {"maxStep": 2, "periodSeconds": PERIOD_SECONDS}
HALVES = {"maxPercent": 50, "periodSeconds": PERIOD_SECONDS}
CASES: Mapping[str, Case] = {
    "straight": Case([0, 6, 0], {}, {}, {}, type="Quorum"),
    "steps": Case([0, 2, 4, 6, 4, 2, 0], STEPS, STEPS, {}),
    "halves": Case([0, 6, 3, 1, 0], {}, HALVES, {}),
    "patient": Case([0, 6, 0], {"stabilizationSeconds": PERIOD_SECONDS}, {}, {}),
    "active": Case([0, 3, 0], {}, {}, {"minActiveWorkers": 3}, waiting=1),
    "warm": Case([0, 6, 1, 0], {}, {}, {"idleSeconds": IDLE_SECONDS}),
}


def test_the_number_goes_straight_to_what_is_needed_unless_the_rules_slow_it_down(
    bare_story: Story,
) -> None:
    story = bare_story
    # Given queues in which one task less waits than the first worker wants
    for name, case in CASES.items():
        story.apply(
            name, {"worker": NOWHERE, "queue": {"type": case.type}, "scaling": case.scaling}
        )
    for name, case in CASES.items():
        story.wait_ready(name, "Idle")
        story.broker.put(name, *(["a task"] * (case.waiting - 1)))
    says = story.wait_decision("straight", "BelowActivation")
    assert "backlog 59 (59 ready, 0 in work)" in says["message"]
    assert says["workers"] == 0
    with ExitStack() as watching:
        watched = {name: watching.enter_context(Replicas(story.kube, name)) for name in CASES}
        # When the last one comes
        for name in CASES:
            story.broker.put(name, "the last task")
        # Then the workers come, and it is told how many, and why
        story.wait_replicas("straight", 6, seconds=SOON_SECONDS)
        assert_told(story)
        for name, case in CASES.items():
            story.wait_replicas(name, max(case.numbers), seconds=15)
        # When nothing is left to do, Then they leave
        for name in CASES:
            story.broker.purge(name)
        assert (
            "until there was nothing to do for 14 s"
            in (story.wait_decision("warm", "StayingWarm")["message"])
        )
        for name in CASES:
            story.wait_replicas(name, 0, seconds=40)
        # And each on its own way
        ways = {name: history.values() for name, history in watched.items()}
        assert ways == {name: case.numbers for name, case in CASES.items()}
        assert_slow(watched)


def assert_told(story: Story) -> None:
    """The one step, in the status and in an event, with the numbers."""
    why = "backlog 60 (60 ready, 0 in work), target 10 per worker: needs 6"
    told = story.wait_decision("straight", "BacklogGrew")
    assert told["message"] == why
    assert told["workers"] == 6
    assert story.status("straight")["workers"]["desired"] == 6
    event = story.wait_event("straight", "ScaledUp")
    assert event["message"] == f"from 0 to 6 workers (BacklogGrew): {why}"


def assert_slow(watched: Mapping[str, Replicas]) -> None:
    """Limited steps keep their distance, and the last worker stays as long as it should."""
    up_and_down = watched["steps"].gaps()
    steps = [*up_and_down[:2], *up_and_down[3:], *watched["halves"].gaps()[1:]]
    assert min(steps) > PERIOD_SECONDS - TOLD_SECONDS
    assert watched["warm"].gaps()[-1] > IDLE_SECONDS - WINDOW_SECONDS - TOLD_SECONDS - 1
    waited = watched["patient"].steps[1].at - watched["straight"].steps[1].at
    assert waited > PERIOD_SECONDS - SOON_SECONDS
