"""A quorum queue's zero must repeat, and drained means that nothing is left."""

import pytest

from unit.core.builders import NOW, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Census, Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need
from workqueue_operator.core.readings import Known

QUIET = known(consumers=10)
CLASSIC = rules(queue_type="Classic")


QUIET = known(consumers=10)
CLASSIC = rules(queue_type="Classic")


@pytest.mark.parametrize(
    ("queue_type", "ready", "zeros", "workers"),
    [
        pytest.param("Quorum", 0, [0], 10, id="one zero proves nothing"),
        pytest.param("Quorum", 0, [2, 1, 0], 10, id="three zeros in two seconds prove nothing"),
        pytest.param("Quorum", 0, [10, 0], 10, id="two zeros in ten seconds prove nothing"),
        pytest.param("Quorum", 0, [9, 5, 0], 10, id="three zeros in nine seconds prove nothing"),
        pytest.param("Quorum", 0, [10, 5, 0], 0, id="three zeros in ten seconds are believed"),
        pytest.param("Quorum", 5, [], 1, id="what is not zero needs no proof"),
        pytest.param("Classic", 0, [0], 0, id="a classic queue does not lie"),
    ],
)
def test_a_quorum_queues_zero_must_repeat(
    queue_type: str, ready: int, zeros: list[int], workers: int
) -> None:
    # Given a queue without a window that held tasks until now
    by = rules(queue_type="Quorum" if queue_type == "Quorum" else "Classic", window=0)
    history = History()
    history.learn(Need(10, 10), empty=False, now=NOW - 100, least=10)
    look = seen(known(ready=ready, consumers=10), 10, asked=census())
    # When it is read so many seconds ago
    for ago in zeros[:-1]:
        decided(by, look, history, now=NOW - ago)
    # Then the last reading decides
    assert decided(by, look, history).workers == workers


def test_a_task_between_two_zeros_starts_the_proof_anew() -> None:
    by, history = rules(window=0), History()
    quiet, task = known(consumers=10), known(ready=1, consumers=10)
    for ago, reading in ((20, quiet), (15, quiet), (10, task), (5, quiet)):
        decided(by, seen(reading, 1), history, now=NOW - ago)

    decision = decided(by, seen(quiet, 1, asked=census()), history)

    assert (decision.workers, decision.reason) == (1, Reason.COOLING_DOWN)
    assert decision.message.endswith("a quorum queue's zero must last 10 s")


def test_the_last_worker_goes_by_the_same_rule_as_every_other() -> None:
    assert decided(CLASSIC, seen(QUIET, 1, asked=census()), quiet_since(59)).workers == 1
    assert decided(CLASSIC, seen(QUIET, 1, asked=census()), quiet_since(60)).workers == 0


@pytest.mark.parametrize(
    ("bounds", "reading", "asked", "reason"),
    [
        pytest.param((0, 50), QUIET, census(), Reason.DRAINED, id="nothing left: drained"),
        pytest.param((3, 50), QUIET, census(), Reason.DRAINED, id="to minWorkers, nothing left"),
        pytest.param(
            (3, 50),
            known(unacked=3, consumers=10),
            census(3),
            Reason.BACKLOG_SHRANK,
            id="to minWorkers, which are busy",
        ),
    ],
)
def test_drained_means_that_nothing_is_left(
    bounds: tuple[int, int], reading: Known, asked: Census, reason: Reason
) -> None:
    by = rules(queue_type="Classic", bounds=bounds, window=0)

    decision = decided(by, seen(reading, 10, asked=asked))

    assert (decision.workers, decision.reason) == (bounds[0], reason)
