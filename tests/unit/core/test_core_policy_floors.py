"""Lower bounds: while anything waits, by schedule, and while nothing is known."""

from datetime import UTC, datetime

import pytest

from unit.core.builders import MISSING, NOW, UNKNOWN, decided, known, rules, seen
from workqueue_operator.core.decision import Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.policy import decide
from workqueue_operator.core.readings import Reading
from workqueue_operator.core.scaling import OnUnknown
from workqueue_operator.core.schedule import ActiveFloor

FLOOR = ActiveFloor(what="office", workers=5, until=datetime(2026, 1, 1, tzinfo=UTC))
FULL = Trouble(reason="WorkersUnschedulable", message="pod mail-1 has no node: 0/3 fit")


@pytest.mark.parametrize(
    ("ready", "workers"),
    [
        pytest.param(0, 0, id="nothing waits"),
        pytest.param(1, 4, id="one task is enough"),
        pytest.param(45, 5, id="more than the floor where more is needed"),
    ],
)
def test_a_floor_while_anything_waits(ready: int, workers: int) -> None:
    assert decided(rules(min_active_workers=4), seen(known(ready=ready), 0)).workers == workers


@pytest.mark.parametrize(
    ("ready", "wanted", "workers", "reason"),
    [
        pytest.param(5, 0, 0, Reason.BELOW_ACTIVATION, id="too few to start for"),
        pytest.param(6, 0, 1, Reason.BACKLOG_GREW, id="enough to start for"),
        pytest.param(0, 0, 0, Reason.IDLE, id="nothing at all"),
        pytest.param(5, 1, 1, Reason.STEADY, id="who is there works all off"),
    ],
)
def test_zero_stays_zero_until_it_is_worth_it(
    ready: int, wanted: int, workers: int, reason: Reason
) -> None:
    look = seen(known(ready=ready, consumers=wanted), wanted)

    decision = decided(rules(activation_backlog=5), look)

    assert (decision.workers, decision.reason) == (workers, reason)


# --- by schedule


@pytest.mark.parametrize(
    ("bounds", "wanted", "workers", "reason"),
    [
        pytest.param((0, 50), 0, 5, Reason.SCHEDULED_FLOOR, id="raised to the floor"),
        pytest.param((7, 50), 0, 7, Reason.BELOW_MINIMUM, id="a higher minimum counts"),
        pytest.param((0, 3), 0, 3, Reason.SCHEDULED_FLOOR, id="never above the maximum"),
        pytest.param((0, 50), 5, 5, Reason.STEADY, id="nobody leaves below the floor"),
    ],
)
def test_a_floor_by_schedule(
    bounds: tuple[int, int], wanted: int, workers: int, reason: Reason
) -> None:
    look = seen(known(consumers=wanted), wanted, floor=FLOOR)

    decision = decided(rules(bounds=bounds), look)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_a_floor_by_schedule_is_called_by_its_name() -> None:
    assert "floor office: 5 workers" in decided(rules(), seen(known(), 0, floor=FLOOR)).message


def test_a_floor_by_schedule_counts_while_nothing_is_known() -> None:
    assert decided(rules(), seen(UNKNOWN, 2, floor=FLOOR)).workers == 5


# --- blind


@pytest.mark.parametrize("reading", [UNKNOWN, MISSING])
@pytest.mark.parametrize(
    ("wanted", "seconds", "workers"),
    [
        pytest.param(0, 59, 0, id="it has not lasted"),
        pytest.param(0, 60, 6, id="from zero, too"),
        pytest.param(2, 60, 6, id="up to the floor"),
        pytest.param(9, 60, 9, id="never fewer than now"),
    ],
)
def test_a_floor_while_nothing_is_known(
    reading: Reading, wanted: int, seconds: float, workers: int
) -> None:
    by = rules(on_unknown=OnUnknown(after_seconds=60, min_workers=6))
    history = History()
    decided(by, seen(reading, wanted), history, now=NOW - seconds)

    assert decided(by, seen(reading, wanted), history).workers == workers


def test_a_lost_leader_is_no_knowledge_either() -> None:
    by = rules(on_unknown=OnUnknown(after_seconds=60, min_workers=6))
    lost, history = seen(known(), 2), History()
    decided(by, lost, history, now=NOW - 60)

    decision = decided(by, lost, history)

    assert (decision.workers, decision.reason) == (6, Reason.UNKNOWN_FLOOR)


def test_the_floor_says_when_it_will_come() -> None:
    by = rules(on_unknown=OnUnknown(after_seconds=60, min_workers=6))
    history = History()
    decided(by, seen(UNKNOWN, 2), history, now=NOW - 20)

    decision = decide(by, seen(UNKNOWN, 2), history, now=NOW)

    assert decision.again_seconds == 40
    assert decision.message.endswith("rabbitmq:5672 refused; 6 workers in 40 s")


def test_what_is_known_again_starts_the_wait_anew() -> None:
    by = rules(on_unknown=OnUnknown(after_seconds=60, min_workers=6))
    history = History()
    decided(by, seen(UNKNOWN, 2), history, now=NOW - 100)
    decided(by, seen(known(ready=15, consumers=2), 2), history, now=NOW - 50)

    assert decided(by, seen(UNKNOWN, 2), history).workers == 2


# --- what cannot help


@pytest.mark.parametrize(
    ("ready", "wanted", "bounds", "workers", "reason"),
    [
        pytest.param(100, 4, (0, 50), 4, Reason.SCALING_LIMITED, id="more would not help"),
        pytest.param(40, 4, (0, 50), 4, Reason.STEADY, id="no more are needed"),
        pytest.param(0, 4, (6, 50), 6, Reason.BELOW_MINIMUM, id="a minimum is the user's word"),
        pytest.param(100, 4, (6, 50), 6, Reason.SCALING_LIMITED, id="the minimum and no more"),
    ],
)
def test_pods_that_cannot_run_are_not_multiplied(
    ready: int, wanted: int, bounds: tuple[int, int], workers: int, reason: Reason
) -> None:
    look = seen(known(ready=ready, consumers=wanted), wanted, limited=FULL)

    decision = decided(rules(bounds=bounds), look)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_the_limit_is_told() -> None:
    decision = decided(rules(), seen(known(ready=100), 4, limited=FULL))

    assert decision.message.endswith(f"they would not help: {FULL.message}")
