"""Tasks held by draining pods neither create workers nor keep any."""

import pytest

from unit.core.builders import NOW, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Census, Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.readings import Known

# Every task is worth a worker, so that each one counted wrongly shows.
BY = rules(target=1)


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(known(unacked=20, consumers=5), id="with the broker's count"),
        pytest.param(known(unacked=None, consumers=5), id="without it"),
        pytest.param(known(unacked=None, consumers=20), id="read before they stopped consuming"),
    ],
)
@pytest.mark.parametrize("current", [5, 20])
@pytest.mark.parametrize("asked", [None, census(5, draining=15)])
@pytest.mark.parametrize("maximum", [5, 50])
def test_given_20_busy_when_5_are_allowed_then_the_15_that_drain_never_cause_growth(
    reading: Known, current: int, asked: Census | None, maximum: int
) -> None:
    # Given 20 busy workers, of which 15 are asked to leave because maxWorkers is 5 now
    first = decided(rules(target=1, bounds=(0, 5)), seen(known(unacked=20), 20))
    assert (first.workers, first.reason) == (5, Reason.ABOVE_MAXIMUM)
    # When they drain, also when the maximum is raised again at once
    by = rules(target=1, bounds=(0, maximum))
    look = seen(reading, 5, current=current, may_drain=True, asked=asked)
    # Then the five stay five
    assert decided(by, look).workers == 5


@pytest.mark.parametrize(
    ("reading", "asked", "workers", "reason", "ask"),
    [
        pytest.param(
            known(ready=8, unacked=20, consumers=5),
            None,
            8,
            Reason.BACKLOG_GREW,
            "now",
            id="what waits grows at once, the rest when the workers were asked",
        ),
        pytest.param(
            known(ready=3, unacked=20, consumers=5),
            None,
            5,
            Reason.STEADY,
            "now",
            id="whether 3 waiting need more, only the workers know",
        ),
        pytest.param(
            known(ready=3, unacked=20, consumers=5),
            census(5, draining=15),
            8,
            Reason.BACKLOG_GREW,
            None,
            id="five are busy: three more",
        ),
        pytest.param(
            known(ready=3, unacked=20, consumers=5),
            census(2, draining=15),
            5,
            Reason.STEADY,
            None,
            id="two are busy: the others may take the three",
        ),
        pytest.param(
            known(ready=3, unacked=20, consumers=5),
            census(0, silent=5, draining=15),
            8,
            Reason.BACKLOG_GREW,
            None,
            id="tasks wait, so the silent are full",
        ),
        pytest.param(
            known(ready=3, unacked=None, consumers=5),
            None,
            8,
            Reason.BACKLOG_GREW,
            None,
            id="without a count: draining pods consume no more",
        ),
    ],
)
def test_growth_while_pods_drain(
    reading: Known, asked: Census | None, workers: int, reason: Reason, ask: str | None
) -> None:
    decision = decided(BY, seen(reading, 5, may_drain=True, asked=asked))

    assert (decision.workers, decision.reason, decision.ask) == (workers, reason, ask)


def test_tasks_of_draining_pods_keep_nobody() -> None:
    # Given five idle workers beside fifteen that drain long tasks
    history, reading = quiet_since(0), known(unacked=15, consumers=5)
    # When the workers are asked every 5 s, and the queue is read every second
    workers = []
    for second in range(1, 70):
        asked = census(draining=15, age=float(second % 5))
        look = seen(reading, 5, may_drain=True, asked=asked)
        workers.append(decided(BY, look, history, now=NOW + second).workers)
    # Then the idle may leave after the window, as if nobody drained
    assert set(workers[:59]) == {5}
    assert 0 in workers[59:]


def test_given_draining_pods_when_nobody_was_asked_then_the_workers_are_asked() -> None:
    decision = decided(BY, seen(known(unacked=15, consumers=5), 5, may_drain=True))

    assert (decision.workers, decision.reason, decision.ask) == (5, Reason.STEADY, "soon")


@pytest.mark.parametrize(
    ("reading", "asked", "ask"),
    [
        pytest.param(known(unacked=15, consumers=5), census(age=3), "soon", id="asked a while ago"),
        pytest.param(known(unacked=15, consumers=5), census(), None, id="asked just now"),
        pytest.param(known(ready=5, unacked=0, consumers=5), None, None, id="what waits suffices"),
        pytest.param(known(unacked=None, consumers=5), None, None, id="draining pods don't count"),
    ],
)
def test_the_workers_are_asked_only_where_it_may_change_the_answer(
    reading: Known, asked: Census | None, ask: str | None
) -> None:
    look = seen(reading, 5, may_drain=True, asked=asked)

    assert decided(BY, look, History()).ask == ask


def test_given_busy_workers_that_stay_then_draining_pods_do_not_cost_them_their_place() -> None:
    # Given five busy workers beside fifteen that drain, asked every 5 s, for many minutes
    history, reading = History(), known(unacked=20, consumers=5)
    for second in range(600):
        asked = census(5, draining=15, age=float(second % 5))
        look = seen(reading, 5, may_drain=True, asked=asked)
        # Then they stay
        assert decided(BY, look, history, now=NOW + second).workers == 5


@pytest.mark.parametrize(
    ("staying", "draining", "settled"),
    [
        pytest.param(5, 0, True, id="as many as wanted, none leaves"),
        pytest.param(3, 0, True, id="fewer: they are not created yet"),
        pytest.param(5, 1, False, id="one still leaves"),
        pytest.param(6, 0, False, id="one has not been asked to leave yet"),
    ],
)
def test_an_earlier_step_down_is_over_when_nobody_of_it_is_left(
    staying: int, draining: int, settled: bool
) -> None:
    counted = Census(
        busy_workers=0,
        tasks=0,
        silent=0,
        draining_tasks=0,
        staying_pods=staying,
        draining_pods=draining,
        age_seconds=0.0,
    )

    assert counted.has_settled(5) == settled
