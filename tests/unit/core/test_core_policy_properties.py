"""What holds in every world that hypothesis can think of."""

import copy
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from unit.core.builders import MISSING, NOW, UNKNOWN, rules, seen
from workqueue_operator.core.decision import Census, Reason, Rules, Seen
from workqueue_operator.core.history import History
from workqueue_operator.core.learning import Learned
from workqueue_operator.core.need import Need, need_of
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Known
from workqueue_operator.core.schedule import ActiveFloor

SMALL = st.integers(0, 30)


@st.composite
def all_rules(draw: st.DrawFn, *, at_once: bool = False) -> Rules:
    """Any scaling section of mode Auto that the schema lets through, at prefetch 1.

    at_once: nothing makes a step up smaller or later.
    """
    least, middle, most = sorted((draw(SMALL), draw(SMALL), draw(SMALL)))
    some = st.none() | st.integers(1, 9)
    up = {"stabilization_seconds": draw(st.integers(0, 60)), "max_step": draw(some)}
    step = draw(st.sampled_from(["max_step", "max_percent"]))
    return rules(
        bounds=(least, most),
        target=draw(st.integers(1, 20)),
        drain_seconds=draw(st.none() | st.integers(1, 60)),
        window=draw(st.integers(0, 60)),
        queue_type=draw(st.sampled_from(["Quorum", "Classic"])),
        tolerance=draw(st.integers(0, 100)),
        min_active_workers=draw(st.sampled_from([0, middle])),
        activation_backlog=0 if at_once else draw(st.integers(0, 20)),
        idle_seconds=draw(st.integers(0, 100)),
        up={} if at_once else up,
        down={step: draw(some)},
    )


@st.composite
def all_censuses(draw: st.DrawFn, pods: int) -> Census:
    """What `pods` workers may answer: idle, busy with one task each, or nothing."""
    busy = draw(st.integers(0, pods))
    draining = draw(SMALL)
    return Census(
        busy_workers=busy,
        tasks=busy,
        silent=draw(st.integers(0, pods - busy)),
        draining_tasks=draining,
        staying_pods=pods,
        draining_pods=draining,
        age_seconds=draw(st.floats(0, 10)),
    )


@st.composite
def looks(draw: st.DrawFn) -> Seen:
    """A world that can be: all that are wanted run, and a worker that holds a task consumes."""
    wanted = draw(SMALL)
    asked = draw(st.none() | all_censuses(wanted))
    consumers = draw(st.integers(asked.busy_workers if asked else 0, wanted))
    reading = Known(
        ready=draw(st.integers(0, 1000)),
        unacked=draw(st.none() | st.integers(asked.busy_workers if asked else 0, 100)),
        consumers=consumers,
        at=NOW,
    )
    return seen(
        reading,
        wanted,
        rolling=draw(st.booleans()),
        may_drain=draw(st.booleans()),
        asked=asked,
        learned=draw(st.none() | all_learned()),
        floor=draw(st.none() | all_floors()),
        limited=draw(st.sampled_from([None, *TROUBLES])),
    )


TROUBLES = (
    Trouble(reason="ImagePullFailed", message="no"),
    Trouble(reason="WorkersCrashing", message="no", few=3),
)


def all_learned() -> st.SearchStrategy[Learned]:
    """Whatever may have been measured."""
    return st.builds(
        Learned,
        task_seconds=st.floats(0.001, 1000),
        task_samples=SMALL,
        start_seconds=st.floats(0.001, 1000),
        start_samples=SMALL,
        arrivals_per_second=st.none() | st.floats(0, 1000),
    )


def all_floors() -> st.SearchStrategy[ActiveFloor]:
    """A window that is open."""
    return st.builds(
        ActiveFloor,
        what=st.just("office"),
        workers=SMALL,
        until=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Some minutes of readings, now and then with a gap."""
    history, now = History(), NOW - 200
    for pause, need, gap in draw(
        st.lists(st.tuples(st.floats(0.1, 20), st.integers(0, 20), st.booleans()), max_size=10)
    ):
        now += pause
        if gap and need == 0:
            history.break_off(NOW)
        else:
            history.learn(Need(need, need), empty=need == 0, now=now, least=need)
    return history


@given(by=all_rules(), look=looks(), history=histories())
def test_a_known_reading_leads_into_the_bounds(by: Rules, look: Seen, history: History) -> None:
    learn(by, look, history, now=NOW)
    decision = decide(by, look, history, now=NOW)

    assume(decision.reason is not Reason.ZERO_NOT_BELIEVED)
    assert by.scaling.min_workers <= decision.workers <= by.scaling.max_workers


@given(by=all_rules(), look=looks(), history=histories(), missing=st.booleans())
def test_nobody_leaves_on_what_nobody_knows(
    by: Rules, look: Seen, history: History, missing: bool
) -> None:
    unread = replace(look, reading=MISSING if missing else UNKNOWN)
    learn(by, unread, history, now=NOW)

    assert decide(by, unread, history, now=NOW).workers >= look.wanted
    assert history.highest(now=NOW, window_seconds=0) is None


@given(by=all_rules(), look=looks(), history=histories())
def test_the_same_question_gets_the_same_answer(by: Rules, look: Seen, history: History) -> None:
    learn(by, look, history, now=NOW)
    twin = copy.deepcopy(history)

    answers = [decide(by, look, each, now=NOW) for each in (history, history, twin)]

    assert answers[0] == answers[1] == answers[2]


@given(by=all_rules(), look=looks(), history=histories(), more=st.integers(1, 500))
def test_more_backlog_never_means_fewer_workers(
    by: Rules, look: Seen, history: History, more: int
) -> None:
    # Given two worlds that differ by the tasks that wait, none of them empty (a zero needs proof)
    reading = look.reading
    assert isinstance(reading, Known)
    assume(reading.ready > 0)
    fuller = replace(look, reading=replace(reading, ready=reading.ready + more))
    other = copy.deepcopy(history)
    # When both are decided
    learn(by, look, history, now=NOW)
    learn(by, fuller, other, now=NOW)
    few, many = decide(by, look, history, now=NOW), decide(by, fuller, other, now=NOW)
    # Then the fuller one has at least as many workers
    assert many.workers >= few.workers


@given(by=all_rules(), look=looks(), history=histories())
def test_nobody_busy_leaves_unless_the_bounds_say_so(
    by: Rules, look: Seen, history: History
) -> None:
    learn(by, look, history, now=NOW)
    decision = decide(by, look, history, now=NOW)

    if decision.workers < min(look.wanted, by.scaling.max_workers):
        assert look.fresh_census is not None
        assert decision.workers >= look.fresh_census.busy_workers


@given(by=all_rules(), look=looks(), history=histories(), age=st.floats(0, 60))
def test_nobody_leaves_before_the_window_has_passed(
    by: Rules, look: Seen, history: History, age: float
) -> None:
    # Given that every worker was needed `age` seconds ago, less than a window
    assume(age < by.window_seconds)
    history.learn(Need(look.wanted, look.wanted), empty=False, now=NOW - age, least=look.wanted)
    # When one more reading asks for fewer
    learn(by, look, history, now=NOW)
    decision = decide(by, look, history, now=NOW)
    # Then they stay, within the bounds
    assert decision.workers >= min(look.wanted, by.scaling.max_workers)


@given(by=all_rules(at_once=True), look=looks(), history=histories())
def test_a_step_up_is_the_whole_step(by: Rules, look: Seen, history: History) -> None:
    reading = look.reading
    assert isinstance(reading, Known)
    assume(look.limited is None)
    learn(by, look, history, now=NOW)
    decision = decide(by, look, history, now=NOW)

    enough = need_of(reading.ready, 0, by, look).workers
    assert decision.workers >= by.scaling.clamp(enough)


@given(by=all_rules(), look=looks(), history=histories())
def test_every_answer_says_why_and_asks_only_when_it_stays_safe(
    by: Rules, look: Seen, history: History
) -> None:
    learn(by, look, history, now=NOW)
    decision = decide(by, look, history, now=NOW)

    assert decision.message
    if decision.ask is not None:
        assert look.fresh_census is None
        assert decision.workers >= look.wanted
