"""Unknown is not zero: nobody is sent home on what nobody knows."""

import pytest

from unit.core.builders import (
    MISSING,
    NOW,
    UNKNOWN,
    census,
    decided,
    known,
    quiet_since,
    rules,
    seen,
)
from workqueue_operator.core.decision import Reason
from workqueue_operator.core.policy import learn
from workqueue_operator.core.readings import Reading

LOST_LEADER = known(ready=0, unacked=0, consumers=0)


@pytest.mark.parametrize(
    ("reading", "reason", "why"),
    [
        pytest.param(
            UNKNOWN, Reason.READING_UNKNOWN, "rabbitmq:5672 refused", id="the broker is silent"
        ),
        pytest.param(
            MISSING, Reason.QUEUE_MISSING, "no queue 'mail' in vhost '/'", id="no such queue"
        ),
        pytest.param(
            LOST_LEADER,
            Reason.ZERO_NOT_BELIEVED,
            "the broker says 0 tasks and 0 consumers while 5 workers are ready",
            id="a quorum queue that lost its leader",
        ),
    ],
)
@pytest.mark.parametrize(
    ("bounds", "workers"),
    [
        pytest.param((0, 50), 5, id="as many as there are"),
        pytest.param((8, 50), 8, id="but no fewer than minWorkers"),
        pytest.param((0, 2), 5, id="not even maxWorkers sends anybody home"),
    ],
)
def test_nobody_leaves(
    reading: Reading, reason: Reason, why: str, bounds: tuple[int, int], workers: int
) -> None:
    # Given five workers, an hour of quiet, and all that a step down asks for
    look = seen(reading, 5, asked=census())
    # When the broker says nothing that can be believed
    decision = decided(rules(bounds=bounds), look, quiet_since(3600))
    # Then nobody leaves, and the sentence says why
    assert (decision.workers, decision.reason) == (workers, reason)
    assert decision.message == f"holding {workers} workers: {why}"


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(UNKNOWN, id="after the broker was silent"),
        pytest.param(MISSING, id="after the queue was missing"),
        pytest.param(LOST_LEADER, id="after the leader was lost"),
    ],
)
def test_after_a_gap_the_window_starts_anew(reading: Reading) -> None:
    # Given an hour of quiet, and then one reading that says nothing
    history, by = quiet_since(3600), rules()
    learn(by, seen(reading, 5), history, now=NOW)
    # When the broker counts again, for one second less than the window, every second
    quiet = seen(known(consumers=5), 5, asked=census())
    decisions = [decided(by, quiet, history, now=NOW + 1 + n) for n in range(61)]
    # Then nobody leaves before the window has passed anew
    assert {each.workers for each in decisions[:60]} == {5}
    assert (decisions[60].workers, decisions[60].reason) == (0, Reason.DRAINED)


@pytest.mark.parametrize(
    ("reading", "ready", "believed"),
    [
        pytest.param(known(consumers=0), 0, True, id="no worker is ready, so none consumes"),
        pytest.param(known(consumers=1), 5, True, id="one consumer is enough to believe"),
        pytest.param(known(ready=1, consumers=0), 5, True, id="a task that waits is no zero"),
        pytest.param(known(consumers=0), 1, False, id="ready, and no consumer"),
    ],
)
def test_a_zero_without_consumers_is_not_believed_while_workers_are_ready(
    reading: Reading, ready: int, believed: bool
) -> None:
    decision = decided(rules(), seen(reading, 5, ready=ready))

    assert (decision.reason is not Reason.ZERO_NOT_BELIEVED) == believed


def test_a_classic_queue_has_no_leader_to_lose() -> None:
    decision = decided(rules(queue_type="Classic"), seen(LOST_LEADER, 5))

    assert decision.reason is Reason.COOLING_DOWN
