"""Steps that the rules make smaller or later: scaleUp, scaleDown, idleSeconds, the tolerance."""

import pytest

from unit.core.builders import NOW, census, decided, known, quiet_since, rules, seen
from workqueue_operator.core.decision import Decision, Reason, Rules
from workqueue_operator.core.history import History
from workqueue_operator.core.need import Need

EMPTY = known(consumers=8)


def shrunk(by: Rules, wanted: int, *, need: int = 0, ago: float | None = None) -> Decision:
    """After two minutes in which `need` was enough, nobody busy; ago: the last step down."""
    history = quiet_since(120, need=need)
    if ago is not None:
        history.stepped(wanted + 1, wanted, NOW - ago)
    reading = known(ready=need * 10, consumers=wanted)
    return decided(by, seen(reading, wanted, asked=census()), history)


# --- up


def test_a_step_up_is_no_larger_than_asked_for() -> None:
    decision = decided(rules(up={"max_step": 3}), seen(known(ready=200), 0))

    assert (decision.workers, decision.reason) == (3, Reason.BACKLOG_GREW)


@pytest.mark.parametrize(
    ("ago", "workers", "reason"),
    [
        pytest.param(14, 3, Reason.WAITING_TO_GROW, id="within the period nobody is added"),
        pytest.param(15, 6, Reason.BACKLOG_GREW, id="after it the next step follows"),
    ],
)
def test_limited_steps_up_keep_their_distance(ago: float, workers: int, reason: Reason) -> None:
    history = History()
    history.stepped(0, 3, NOW - ago)

    decision = decided(rules(up={"max_step": 3}), seen(known(ready=200), 3), history)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_steps_without_limit_keep_no_distance() -> None:
    history = History()
    history.stepped(0, 3, NOW - 1)

    assert decided(rules(), seen(known(ready=200), 3), history).workers == 20


def test_the_minimum_is_no_matter_of_steps() -> None:
    by = rules(bounds=(10, 50), up={"max_step": 1, "stabilization_seconds": 60})

    assert decided(by, seen(known(), 0)).workers == 10
    assert decided(by, seen(known(ready=300), 0)).workers == 10


@pytest.mark.parametrize(
    ("needs", "workers", "reason"),
    [
        pytest.param([(31, 20)], 20, BACKLOG := Reason.BACKLOG_GREW, id="it has lasted"),
        pytest.param([(29, 20)], 2, Reason.WAITING_TO_GROW, id="it has not lasted"),
        pytest.param([(60, 2), (20, 20)], 2, Reason.WAITING_TO_GROW, id="it was less a while ago"),
        pytest.param([(60, 5), (20, 20)], 5, BACKLOG, id="the lowest of the window counts"),
    ],
)
def test_a_higher_need_may_have_to_last(
    needs: list[tuple[float, int]], workers: int, reason: Reason
) -> None:
    history = History()
    for ago, need in needs:
        history.learn(Need(need, need), empty=False, now=NOW - ago, least=need)

    decision = decided(rules(up={"stabilization_seconds": 30}), seen(known(ready=200), 2), history)

    assert (decision.workers, decision.reason) == (workers, reason)


# --- down


@pytest.mark.parametrize(
    ("limit", "wanted", "workers"),
    [
        pytest.param({"max_step": 3}, 8, 5, id="so many at most"),
        pytest.param({"max_step": 3}, 2, 0, id="the last step is a step like the others"),
        pytest.param({"max_percent": 25}, 8, 6, id="a quarter at most"),
        pytest.param({"max_percent": 25}, 5, 3, id="rounded up"),
        pytest.param({"max_percent": 10}, 1, 0, id="never less than one, or nobody would leave"),
    ],
)
def test_a_step_down_is_no_larger_than_asked_for(
    limit: dict[str, int], wanted: int, workers: int
) -> None:
    assert shrunk(rules(down=limit), wanted).workers == workers


@pytest.mark.parametrize(
    ("ago", "workers"),
    [
        pytest.param(14, 8, id="within the period nobody leaves"),
        pytest.param(15, 7, id="after it the next step follows"),
    ],
)
def test_limited_steps_down_keep_their_distance(ago: float, workers: int) -> None:
    assert shrunk(rules(down={"max_step": 1}), 8, ago=ago).workers == workers


def test_a_bound_is_no_matter_of_steps() -> None:
    by = rules(bounds=(0, 3), down={"max_step": 1})

    assert decided(by, seen(EMPTY, 8), quiet_since(120)).workers == 3


@pytest.mark.parametrize(
    ("wanted", "bounds", "workers", "reason"),
    [
        pytest.param(8, (0, 50), 1, Reason.BACKLOG_SHRANK, id="the others leave as ever"),
        pytest.param(1, (0, 50), 1, Reason.STAYING_WARM, id="the last one stays"),
        pytest.param(3, (2, 50), 3, Reason.STAYING_WARM, id="the last above the minimum"),
    ],
)
def test_the_last_step_waits_for_idle_seconds(
    wanted: int, bounds: tuple[int, int], workers: int, reason: Reason
) -> None:
    decision = shrunk(rules(idle_seconds=300, bounds=bounds), wanted)

    assert (decision.workers, decision.reason) == (workers, reason)


def test_after_idle_seconds_the_last_one_leaves() -> None:
    assert shrunk(rules(idle_seconds=120), 1).workers == 0


# --- the border between two numbers


@pytest.mark.parametrize(
    ("tasks", "workers"),
    [
        pytest.param(50, 6, id="just enough for five keeps six"),
        pytest.param(48, 5, id="clearly enough for five"),
        pytest.param(51, 6, id="too much for five"),
        pytest.param(61, 7, id="more is more at once"),
    ],
)
def test_a_load_on_the_border_moves_nobody(tasks: int, workers: int) -> None:
    by = rules(tolerance=25)
    history = History()
    look = seen(known(ready=tasks, consumers=6), 6, asked=census())
    for ago in range(120, 0, -1):
        decided(by, look, history, now=NOW - ago)

    assert decided(by, look, history).workers == workers


def test_with_a_task_for_each_worker_nobody_is_kept_for_the_border() -> None:
    by = rules(tolerance=25, target=1, queue_type="Classic")
    look = seen(known(unacked=5, consumers=6), 6, asked=census(5))
    history = quiet_since(120, need=5)

    assert decided(by, look, history).workers == 5


def test_an_empty_queue_keeps_nobody_for_the_border() -> None:
    assert shrunk(rules(tolerance=100), 1).workers == 0
