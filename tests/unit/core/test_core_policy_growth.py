"""Up at once, within bounds, and with a sentence that holds the numbers."""

import pytest

from unit.core.builders import decided, known, rules, seen
from workqueue_operator.core.decision import Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.readings import Known


@pytest.mark.parametrize(
    ("reading", "wanted", "workers"),
    [
        pytest.param(known(ready=200), 0, 20, id="200 tasks at 10 per worker: 0 to 20 in one step"),
        pytest.param(known(ready=1), 0, 1, id="one task wakes one worker"),
        pytest.param(known(ready=11), 1, 2, id="a partly full worker counts as one"),
        pytest.param(known(ready=195, unacked=5), 5, 20, id="tasks in work count, too"),
        pytest.param(known(ready=10**9), 3, 50, id="a mountain of tasks stops at maxWorkers"),
        pytest.param(known(ready=31, unacked=None, consumers=0), 0, 4, id="waiting tasks suffice"),
    ],
)
def test_a_greater_need_is_met_at_once(reading: Known, wanted: int, workers: int) -> None:
    decision = decided(rules(), seen(reading, wanted))

    assert (decision.workers, decision.reason) == (workers, Reason.BACKLOG_GREW)
    assert decision.ask is None


@pytest.mark.parametrize(
    ("reading", "wanted", "bounds", "workers", "reason"),
    [
        pytest.param(
            known(), 0, (2, 50), 2, Reason.BELOW_MINIMUM, id="fewer than minWorkers: up to it"
        ),
        pytest.param(
            known(ready=15), 0, (2, 50), 2, Reason.BELOW_MINIMUM, id="what minWorkers can do"
        ),
        pytest.param(
            known(ready=31), 0, (2, 50), 4, Reason.BACKLOG_GREW, id="more than minWorkers can do"
        ),
        pytest.param(
            known(ready=200), 20, (0, 5), 5, Reason.ABOVE_MAXIMUM, id="maxWorkers was lowered"
        ),
        pytest.param(
            known(consumers=20), 20, (0, 5), 5, Reason.ABOVE_MAXIMUM, id="lowered, nothing to do"
        ),
        pytest.param(
            known(unacked=20), 20, (0, 5), 5, Reason.ABOVE_MAXIMUM, id="bounds outrank the busy"
        ),
        pytest.param(
            known(ready=9), 20, (5, 5), 5, Reason.ABOVE_MAXIMUM, id="one number is a bound, too"
        ),
        pytest.param(known(ready=9), 0, (0, 0), 0, Reason.AT_MAXIMUM, id="0 workers allowed: 0"),
    ],
)
def test_bounds_hold_at_once(
    reading: Known, wanted: int, bounds: tuple[int, int], workers: int, reason: Reason
) -> None:
    decision = decided(rules(bounds=bounds), seen(reading, wanted))

    assert (decision.workers, decision.reason) == (workers, reason)


@pytest.mark.parametrize(
    ("reading", "wanted", "reason"),
    [
        pytest.param(known(), 0, Reason.IDLE, id="nothing to do and nobody there"),
        pytest.param(known(ready=45), 5, Reason.STEADY, id="as many as needed"),
        pytest.param(known(ready=700), 50, Reason.AT_MAXIMUM, id="more are not allowed"),
    ],
)
def test_what_fits_stays(reading: Known, wanted: int, reason: Reason) -> None:
    decision = decided(rules(), seen(reading, wanted))

    assert (decision.workers, decision.reason, decision.ask) == (wanted, reason, None)


def test_given_a_rollout_when_the_backlog_grows_then_workers_are_added() -> None:
    decision = decided(rules(), seen(known(ready=200), 5, rolling=True, may_drain=True))

    assert (decision.workers, decision.reason) == (20, Reason.BACKLOG_GREW)


@pytest.mark.parametrize("wanted", [0, 3, 70])
def test_hold_means_hold_whatever_backlog_and_bounds_say(wanted: int) -> None:
    decision = decided(rules(mode="Hold", bounds=(5, 50)), seen(known(ready=200), wanted))

    assert (decision.workers, decision.reason) == (wanted, Reason.HELD)
    assert decision.message == f"mode Hold: {wanted} workers stay"


@pytest.mark.parametrize(
    ("reading", "wanted", "message"),
    [
        pytest.param(
            known(ready=195, unacked=5),
            5,
            "backlog 200 (195 ready, 5 in work), target 10 per worker: needs 20",
            id="all numbers that were used",
        ),
        pytest.param(
            known(ready=700),
            5,
            "backlog 700 (700 ready, 0 in work), target 10 per worker: needs 70 (bounds 0 to 50)",
            id="bounds only where they changed something",
        ),
        pytest.param(
            known(unacked=None, consumers=5),
            5,
            "backlog at least 0 (0 ready, at least 0 in work), target 10 per worker: needs 0; "
            "a lower need must last 60 s",
            id="what is not known is not called zero",
        ),
    ],
)
def test_the_message_has_the_numbers(reading: Known, wanted: int, message: str) -> None:
    assert decided(rules(), seen(reading, wanted), History()).message == message
