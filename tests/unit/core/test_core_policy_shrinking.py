"""Down late: after the whole window, never below the busy, and never on one zero."""

import pytest

from unit.core.builders import NOW, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Census, Reason
from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need
from workqueue_operator.core.policy import decide
from workqueue_operator.core.readings import Known

QUIET = known(consumers=10)
CLASSIC = rules(queue_type="Classic")


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        pytest.param(History(), Reason.COOLING_DOWN, id="nothing is known of the past"),
        pytest.param(quiet_since(59), Reason.COOLING_DOWN, id="a second too early"),
        pytest.param(quiet_since(60), Reason.DRAINED, id="the window has passed"),
        pytest.param(quiet_since(600), Reason.DRAINED, id="long quiet"),
        pytest.param(quiet_since(600, need=10), Reason.COOLING_DOWN, id="busy until just now"),
    ],
)
def test_a_lower_need_must_last_the_window(history: History, reason: Reason) -> None:
    decision = decided(CLASSIC, seen(QUIET, 10, asked=census()), history)

    assert decision.reason is reason
    assert decision.workers == (0 if reason is Reason.DRAINED else 10)


def test_the_highest_need_of_the_window_holds() -> None:
    # Given needs of 7, then 3, then none in the last minute
    history = History()
    for ago, need in ((59, 7), (40, 3), (20, 0), (10, 0)):
        history.learn(Need(need, need), empty=False, now=NOW - ago, least=need)
    history.since = NOW - 3600
    # When 10 workers are there
    decision = decided(CLASSIC, seen(QUIET, 10, asked=census()), history)
    # Then those go that were not needed in all of it
    assert (decision.workers, decision.reason) == (7, Reason.BACKLOG_SHRANK)


@pytest.mark.parametrize(
    ("asked", "ask"),
    [
        pytest.param(None, "soon", id="never asked"),
        pytest.param(census(age=1.1), "soon", id="asked too long ago"),
        pytest.param(census(age=1.0), None, id="asked just now"),
    ],
)
def test_nobody_leaves_before_the_workers_were_asked(asked: Census | None, ask: str | None) -> None:
    decision = decided(CLASSIC, seen(QUIET, 10, asked=asked), quiet_since(60))

    assert decision.ask == ask
    assert (decision.workers == 10) == (ask == "soon")


@pytest.mark.parametrize(
    ("reading", "asked", "workers", "reason"),
    [
        pytest.param(QUIET, census(), 0, Reason.DRAINED, id="nobody is busy: all leave"),
        pytest.param(
            known(unacked=4, consumers=10), census(4), 4, Reason.BACKLOG_SHRANK, id="the busy stay"
        ),
        pytest.param(
            known(unacked=10), census(10), 10, Reason.WORKERS_BUSY, id="all are busy: all stay"
        ),
        pytest.param(
            known(unacked=6, consumers=10),
            census(4, silent=3),
            7,
            Reason.BACKLOG_SHRANK,
            id="the broker counts two tasks more: any of the silent may hold one, so all stay",
        ),
        pytest.param(
            known(unacked=6, consumers=10),
            census(4, silent=6),
            9,
            Reason.SHRINKING_BLIND,
            id="the broker counts two tasks more, and all others are silent: one at a time",
        ),
        pytest.param(
            known(unacked=4, consumers=10),
            census(4, silent=6),
            4,
            Reason.BACKLOG_SHRANK,
            id="the broker counts no more tasks: the silent are idle",
        ),
        pytest.param(
            known(unacked=10),
            census(6, silent=4),
            10,
            Reason.WORKERS_BUSY,
            id="every silent worker may hold a task that the broker counts",
        ),
        pytest.param(
            known(unacked=8, consumers=10),
            census(2, silent=8, draining=6),
            2,
            Reason.BACKLOG_SHRANK,
            id="tasks of draining pods keep none of the silent",
        ),
        pytest.param(
            known(ready=25, unacked=0, consumers=10),
            census(1),
            3,
            Reason.BACKLOG_SHRANK,
            id="what waits keeps its workers",
        ),
    ],
)
def test_who_may_hold_a_task_stays(
    reading: Known, asked: Census, workers: int, reason: Reason
) -> None:
    # Given a minute of less need, and another in which the same workers were busy as now
    history = quiet_since(600, need=0)

    decision = decided(CLASSIC, seen(reading, 10, asked=asked), history, now=NOW)
    history.learn(Need(0, 0), empty=True, now=NOW + 1, least=0)
    decision = decided(CLASSIC, seen(reading, 10, asked=asked), history, now=NOW + 62)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_who_was_busy_and_not_needed_leaves_as_soon_as_the_task_is_done() -> None:
    # Given ten workers in the middle of long tasks that one could have done
    by, busy = rules(queue_type="Classic", target=100), known(unacked=10)
    history = quiet_since(600)
    assert decided(by, seen(busy, 10, asked=census(10)), history).workers == 10
    # When half of them have finished, some seconds later
    look = seen(known(unacked=5, consumers=10), 10, asked=census(5))
    decision = decided(by, look, history, now=NOW + 30)
    # Then those leave: one has been enough for the window, by the user's own target
    assert (decision.workers, decision.reason) == (5, Reason.BACKLOG_SHRANK)


def test_where_the_work_is_estimated_who_was_busy_keeps_its_place_for_a_window() -> None:
    # Given ten workers in the middle of tasks, and an estimate that one could do them
    by, busy = rules(queue_type="Classic", drain_seconds=100), known(unacked=10)
    history = quiet_since(600)
    decided(by, seen(busy, 10, asked=census(10)), history)
    # When half of them have finished, some seconds later
    look = seen(known(unacked=5, consumers=10), 10, asked=census(5))
    decision = decided(by, look, history, now=NOW + 30)
    # Then all stay
    assert (decision.workers, decision.reason) == (10, Reason.COOLING_DOWN)
    assert decision.message.endswith("needs 1; 10 were needed or busy in the last 60 s")


def test_given_a_census_that_was_not_learned_then_the_busy_stay_all_the_same() -> None:
    look = seen(known(unacked=None, consumers=10), 10, asked=census(10))

    decision = decide(rules(queue_type="Classic"), look, quiet_since(60), now=NOW)

    assert (decision.workers, decision.reason) == (10, Reason.WORKERS_BUSY)


def test_the_message_says_who_is_busy_and_who_said_nothing() -> None:
    by = rules(queue_type="Classic", window=0)
    look = seen(known(unacked=10), 10, asked=census(6, silent=4))

    assert decided(by, look).message.endswith(
        "; 6 workers hold a task, and 4 that did not answer may"
    )


@pytest.mark.parametrize(
    ("asked", "workers", "reason"),
    [
        pytest.param(census(silent=10), 9, Reason.SHRINKING_BLIND, id="nobody answers: one leaves"),
        pytest.param(census(3, silent=7), 9, Reason.SHRINKING_BLIND, id="the rest are busy"),
        pytest.param(census(silent=4), 4, Reason.BACKLOG_SHRANK, id="those who said idle leave"),
        pytest.param(census(10), 10, Reason.WORKERS_BUSY, id="all answered, all are busy"),
        pytest.param(census(3), 3, Reason.BACKLOG_SHRANK, id="all answered, three are busy"),
    ],
)
def test_without_any_count_the_silent_leave_one_by_one(
    asked: Census, workers: int, reason: Reason
) -> None:
    # Given no management address, and nothing waiting
    by = rules(queue_type="Classic", window=0, target=100)
    look = seen(known(unacked=None, consumers=10), 10, asked=asked)

    decision = decided(by, look)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_shrinking_blind_never_goes_below_what_waits() -> None:
    # Given work for two, and two workers of which nobody answers
    by = rules(queue_type="Classic", window=0)
    look = seen(known(ready=15, unacked=None, consumers=1), 2, asked=census(silent=2))
    # Then both stay
    assert decided(by, look).reason is Reason.STEADY


def test_nobody_leaves_while_pods_are_replaced() -> None:
    decision = decided(CLASSIC, seen(QUIET, 10, rolling=True, asked=census()), quiet_since(600))

    assert (decision.workers, decision.reason) == (10, Reason.ROLLOUT)


def test_but_a_lowered_maximum_does_not_wait_for_the_rollout() -> None:
    look = seen(QUIET, 10, rolling=True, asked=census())

    assert decided(rules(bounds=(0, 5)), look, quiet_since(600)).workers == 5
