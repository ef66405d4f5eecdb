"""Every confirmed task is accounted for, and every start has a cause."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.ending import Ending, with_incidents
from faults.explain import FORGOTTEN, INTERRUPTED, SENT_AGAIN, UNEXPLAINED
from faults.judge import Scaling, Seen, Shrink, Verdict, judge
from faults.notes import Chunk, Incident, Note, parse, works

KILLED_AT = 100.0


def note(what: str, n: int = 1, *, at: float, pod: str = "a", attempt: int = 1) -> Note:
    return Note(
        what=what, n=n, attempt=attempt, queue="q", pod=pod, process=f"process-of-{pod}", at=at
    )


def story(
    *notes: Note,
    confirmed: Sequence[int] = (1,),
    published: Sequence[int] = (),
    incidents: Sequence[Incident] = (),
    dead: Sequence[int] = (),
    resent: int = 0,
    scaling: Scaling | None = None,
    left: int = 0,
) -> Verdict:
    chunk = Chunk(
        published=frozenset([*confirmed, *published]),
        confirmed=frozenset(confirmed),
        resent=resent,
        ended_at=0.0,
    )
    return judge(
        Seen(
            queue="q",
            chunks=[chunk],
            notes=notes,
            dead=Counter(dead),
            left=left,
            incidents=incidents,
            scaling=scaling or Scaling(per_worker=5, bounds=[(0.0, 20)], shrinks=[]),
        )
    )


def kill(*pods: str, interrupts: bool = True) -> Incident:
    return Incident(
        fault="kill-workers",
        begin=KILLED_AT,
        end=KILLED_AT + 0.1,
        pods=frozenset(pods),
        interrupts=interrupts,
    )


CUT = Incident(fault="partition", begin=KILLED_AT, end=KILLED_AT + 60, interrupts=True)
CRASH = Incident(
    fault="kill-broker", begin=KILLED_AT, end=KILLED_AT + 5, interrupts=True, forgets=True
)
DONE = (note("started", at=90.0), note("completed", at=90.1))
HELD = note("started", at=99.0)
AGAIN = (note("started", at=105.0, pod="b"), note("completed", at=105.1, pod="b"))


def test_a_task_that_was_confirmed_and_never_completed_is_lost() -> None:
    verdict = story(*DONE, confirmed=[1, 2])

    assert verdict.lost == [2]
    assert verdict.complaints() == ["1 confirmed tasks are lost: 2"]


def test_a_task_that_was_never_confirmed_may_be_missing() -> None:
    assert story(*DONE, published=[2]).complaints() == []


def test_a_task_in_the_dead_letters_is_not_lost_if_its_handler_put_it_there() -> None:
    died = (note("started", at=90.0), note("dead", at=90.1))

    assert story(*died, dead=[1]).complaints() == []
    assert story(HELD, dead=[1]).complaints() == ["dead letters that no handler asked for: 1"]


def test_what_nobody_published_and_what_is_left_over_is_told() -> None:
    said = story(*DONE, note("completed", 7, at=91.0), left=3).complaints()

    assert said == [
        "3 messages are left in the queue",
        "tasks that nobody published were done: 7",
    ]


@pytest.mark.parametrize(
    ("before", "incidents", "cause"),
    [
        pytest.param((HELD,), [kill("a")], INTERRUPTED, id="its worker was killed while it ran"),
        pytest.param(
            (note("started", at=KILLED_AT + 0.101),),
            [kill("a")],
            INTERRUPTED,
            id="its first word was on the way when its worker was killed",
        ),
        pytest.param((HELD,), [kill("c")], UNEXPLAINED, id="another worker was killed"),
        pytest.param((HELD,), [kill("a", interrupts=False)], UNEXPLAINED, id="a drain is no kill"),
        pytest.param((HELD,), [CUT], INTERRUPTED, id="the cut connection held it"),
        pytest.param(DONE, [kill("a")], UNEXPLAINED, id="it was done long before the kill"),
        pytest.param(DONE, [CRASH], FORGOTTEN, id="a killed broker forgot that it was done"),
        pytest.param((HELD,), [CRASH], INTERRUPTED, id="a killed broker cut its connection"),
        pytest.param((HELD,), [], UNEXPLAINED, id="nothing happened at all"),
        pytest.param(
            (HELD, note("completed", at=99.5)),
            [kill("a")],
            INTERRUPTED,
            id="its acknowledgement was under way",
        ),
    ],
)
def test_a_second_start_needs_a_cause(
    before: Sequence[Note], incidents: Sequence[Incident], cause: str
) -> None:
    (again,) = story(*before, *AGAIN, incidents=incidents).repeats

    assert again.cause == cause


def test_one_kill_explains_one_start_and_not_two() -> None:
    third = note("started", at=106.0, pod="c")
    verdict = story(HELD, *AGAIN, third, incidents=[kill("a")])

    assert [each.cause for each in verdict.repeats] == [INTERRUPTED, UNEXPLAINED]
    assert verdict.complaints() == ["task 1, attempt 1, started again in c: UNEXPLAINED"]


def test_a_failure_explains_the_next_attempt_and_is_no_repeat() -> None:
    failed = (note("started", at=90.0), note("failed", at=90.1))
    second = (note("started", at=91.0, attempt=2), note("completed", at=91.1, attempt=2))

    assert story(*failed, *second).repeats == []
    # But a second attempt without a first failure is one
    assert [each.cause for each in story(*DONE, *second).repeats] == [UNEXPLAINED]


def test_a_producer_that_sent_one_task_again_explains_one_start() -> None:
    twice = [*DONE, note("started", 2, at=91.0), *AGAIN, note("started", 2, at=106.0, pod="b")]
    verdict = story(*twice, confirmed=[1], published=[2], resent=1)

    assert [each.cause for each in verdict.repeats] == [SENT_AGAIN, UNEXPLAINED]
    assert list(verdict.completed_twice) == [1]


def test_those_in_flight_and_those_just_done_are_counted_apart() -> None:
    just_done = (note("started", 2, at=99.0), note("completed", 2, at=99.9))
    verdict = story(HELD, *just_done, *DONE, confirmed=[], incidents=[kill("a")])

    assert (verdict.in_flight, verdict.just_done) == (1, 1)


SEEN = Seen(
    queue="q",
    chunks=[],
    notes=[],
    dead=Counter(),
    left=0,
    incidents=[],
    scaling=Scaling(per_worker=5, bounds=[(0.0, 20)], shrinks=[]),
)
WAITING = range(1, 41)


@pytest.mark.parametrize(
    ("shrink", "bounds", "wrong"),
    [
        pytest.param((8, 0), [(0.0, 20)], 1, id="to none while 40 tasks wait"),
        pytest.param((20, 8), [(0.0, 20)], 0, id="to the 8 workers that 40 tasks ask for"),
        pytest.param((20, 4), [(0.0, 20), (45.0, 4)], 0, id="maxWorkers was just lowered"),
        pytest.param((20, 4), [(0.0, 4), (10.0, 20)], 1, id="maxWorkers was raised long ago"),
    ],
)
def test_a_step_down_below_what_waits_is_wrong(
    shrink: tuple[int, int], bounds: list[tuple[float, int]], wrong: int
) -> None:
    step = Shrink(at=50.0, before=shrink[0], after=shrink[1])
    later = [note("started", n, at=60.0) for n in WAITING]
    scaling = Scaling(per_worker=5, bounds=bounds, shrinks=[step])
    verdict = story(*later, confirmed=WAITING, dead=[], scaling=scaling)

    assert len(verdict.wrong) == wrong
    assert verdict.scale_downs == 1


def test_what_was_said_twice_is_read_once() -> None:
    line = (
        '{"id":"p-0","what":"started","n":1,"attempt":1,"queue":"q","pod":"a","process":"p",'
        '"at":1.5}'
    )

    assert len(parse([line, line])) == 1


@given(st.lists(st.sampled_from(["started", "completed", "failed"]), max_size=30))
def test_every_start_is_one_piece_of_work_however_it_ended(whats: list[str]) -> None:
    found = works([note(what, at=float(i)) for i, what in enumerate(whats)])

    assert len(found) == whats.count("started")
    ends = [work.end for work in found if work.end is not None]
    assert len(ends) == len(set(map(id, ends)))


def test_work_is_back_when_a_task_is_done_and_all_workers_are_ready() -> None:
    # Given two kills, after which the workers were ready sooner, or later, than the next task done
    notes = (note("started", at=101.0), note("completed", at=104.0))
    first, second = kill("a"), replace(kill("b"), begin=110.0, end=111.0)
    verdict = replace(SEEN, notes=notes, incidents=[first, second])
    ending = Ending(
        fault="kill-workers",
        seen={"q": verdict},
        recovered={0: {"q": 102.0}, 1: {"q": 115.0}},
        trouble=[],
        seconds=30.0,
    )
    # Then the later of the two counts; where no task was left, the workers alone
    assert ending.recoveries("q") == pytest.approx([104.0 - first.end, 4.0])


def test_a_quorum_queue_has_no_excuse_to_forget() -> None:
    for queue, may in (("quorum", False), ("classic", True)):
        (incident,) = with_incidents(replace(SEEN, queue=queue), [CRASH]).incidents
        assert incident.forgets is may
