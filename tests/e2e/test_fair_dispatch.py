"""Fair dispatch: light tasks do not wait behind heavy ones. With a large prefetch they would."""

from collections.abc import Sequence

import pytest

from kit.ledger import Ledger
from kit.publishing import Task
from kit.story import Story

HEAVY_SECONDS = 4.0
LIGHT_SECONDS = 0.1
PAIRS = 4


def alternating() -> Sequence[Task]:
    """Heavy, light, heavy, light...: dealt out in turn, one of two workers gets all the heavy."""
    return [
        {"n": n, "seconds": LIGHT_SECONDS if n % 2 else HEAVY_SECONDS} for n in range(2 * PAIRS)
    ]


def assert_fair(ledger: Ledger) -> None:
    """The heavy tasks were shared, and so all was done in about the time of half of them."""
    done = [each for each in ledger.entries if each["what"] == "completed"]
    heavy = [each["pod"] for each in done if int(each["n"]) % 2 == 0]
    shares = sorted(heavy.count(pod) for pod in {each["pod"] for each in done})
    assert shares == [PAIRS // 2, PAIRS // 2], f"the heavy tasks went {shares}"
    began = min(float(each["at"]) for each in ledger.entries)
    took = max(float(each["at"]) for each in done) - began
    assert took < HEAVY_SECONDS * PAIRS * 0.75, f"all was done after {took:.1f} s"


def run(story: Story, prefetch: int) -> None:
    """Two workers that wait, and then all tasks at once."""
    story.apply(
        "fair",
        {
            "queue": {"type": "Classic"},
            "worker": {"prefetch": prefetch},
            "scaling": {"minWorkers": 2, "maxWorkers": 2},
        },
    )
    story.wait_ready("fair")
    story.wait_workers("fair", 2)
    story.publish("publish", "fair", alternating())
    story.wait_completed(2 * PAIRS, seconds=60)


def test_light_tasks_do_not_wait_behind_heavy_ones(story: Story) -> None:
    run(story, prefetch=1)
    assert_fair(story.ledger)


def test_with_a_prefetch_of_100_they_do_and_the_check_says_so(story: Story) -> None:
    run(story, prefetch=100)
    with pytest.raises(AssertionError, match="the heavy tasks went"):
        assert_fair(story.ledger)
