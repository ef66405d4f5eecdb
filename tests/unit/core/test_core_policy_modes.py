"""Which part of a decision is followed: the modes of spec.scaling."""

import pytest

from unit.core.builders import UNKNOWN, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Reason

BUSY = known(ready=100)
EMPTY = known(consumers=8)


@pytest.mark.parametrize(
    ("mode", "workers", "reason"),
    [
        pytest.param("Auto", 10, Reason.BACKLOG_GREW, id="Auto follows"),
        pytest.param("HoldDown", 10, Reason.BACKLOG_GREW, id="HoldDown adds"),
        pytest.param("HoldUp", 8, Reason.HELD_UP, id="HoldUp does not add"),
        pytest.param("Hold", 8, Reason.HELD, id="Hold stays"),
        pytest.param("Fixed", 3, Reason.FIXED, id="Fixed goes to its number"),
        pytest.param("Advise", 8, Reason.ADVISED, id="Advise changes nothing"),
    ],
)
def test_when_more_are_needed(mode: str, workers: int, reason: Reason) -> None:
    decision = decided(rules(mode=mode, fixed_workers=3), seen(BUSY, 8))

    assert (decision.workers, decision.reason) == (workers, reason)


@pytest.mark.parametrize(
    ("mode", "workers", "reason"),
    [
        pytest.param("Auto", 0, Reason.DRAINED, id="Auto follows"),
        pytest.param("HoldDown", 8, Reason.HELD_DOWN, id="HoldDown does not remove"),
        pytest.param("HoldUp", 0, Reason.DRAINED, id="HoldUp removes"),
        pytest.param("Hold", 8, Reason.HELD, id="Hold stays"),
        pytest.param(
            "Fixed", 3, Reason.FIXED, id="Fixed goes to its number, and waits for nothing"
        ),
        pytest.param("Advise", 8, Reason.ADVISED, id="Advise changes nothing"),
    ],
)
def test_when_fewer_have_been_enough(mode: str, workers: int, reason: Reason) -> None:
    by = rules(mode=mode, fixed_workers=3)
    look = seen(EMPTY, 8, asked=census())

    decision = decided(by, look, quiet_since(120))

    assert (decision.workers, decision.reason) == (workers, reason)


def test_advise_says_what_would_run_and_why() -> None:
    decision = decided(rules(mode="Advise"), seen(BUSY, 8))

    assert decision.advised == 10
    assert decision.message == (
        "mode Advise: 8 workers stay, 10 would run (backlog 100 (100 ready, 0 in work), "
        "target 10 per worker: needs 10)"
    )


def test_a_held_direction_says_what_would_have_been() -> None:
    decision = decided(rules(mode="HoldUp"), seen(BUSY, 8))

    assert decision.message.startswith("mode HoldUp: 8 workers stay (10 would do: backlog 100 ")


def test_a_fixed_number_outranks_the_bounds() -> None:
    decision = decided(rules(mode="Fixed", fixed_workers=7, bounds=(0, 5)), seen(EMPTY, 2))

    assert (decision.workers, decision.message) == (7, "mode Fixed: 7 workers stay")


def test_a_held_up_queue_stays_below_a_minimum_that_was_raised() -> None:
    decision = decided(rules(mode="HoldUp", bounds=(5, 50)), seen(UNKNOWN, 2))

    assert (decision.workers, decision.reason) == (2, Reason.HELD_UP)
