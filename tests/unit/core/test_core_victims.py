"""Who leaves: idle workers, as long as there are any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.victims import (
    IDLE_COST,
    NO_COST,
    SILENT_COST,
    Mark,
    Standing,
    Worker,
    choose,
    review,
)

IDLE, BUSY, SILENT = 0, 1, None
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"


def worker(
    name: str,
    tasks: int | None = IDLE,
    *,
    cost: int = NO_COST,
    standing: Standing = Standing.READY,
    created: str = OLD,
) -> Worker:
    return Worker(
        name=name, uid=f"uid-{name}", tasks=tasks, cost=cost, standing=standing, created=created
    )


def costs(marks: object) -> dict[str, int]:
    assert isinstance(marks, list)
    assert all(isinstance(each, Mark) and each.uid == f"uid-{each.name}" for each in marks)
    return {each.name: each.cost for each in marks}


@pytest.mark.parametrize(
    ("workers", "leaving", "marks"),
    [
        pytest.param(
            [worker("a", BUSY), worker("b"), worker("c")],
            1,
            {"c": IDLE_COST},
            id="one idle worker is marked, and no more than leave",
        ),
        pytest.param(
            [worker("a"), worker("b", created=NEW), worker("c")],
            1,
            {"b": IDLE_COST},
            id="of the idle the newest goes, as it would without a mark",
        ),
        pytest.param(
            [worker("a", cost=IDLE_COST), worker("b", created=NEW), worker("c", BUSY)],
            1,
            {},
            id="who is marked already is taken first, and costs no write",
        ),
        pytest.param(
            [worker("a", BUSY, cost=IDLE_COST), worker("b")],
            1,
            {"a": NO_COST, "b": IDLE_COST},
            id="a busy worker loses the mark of an earlier time",
        ),
        pytest.param(
            [worker("a", cost=IDLE_COST), worker("b", cost=IDLE_COST), worker("c")],
            1,
            {"a": NO_COST},
            id="a mark too many is taken away",
        ),
        pytest.param(
            [worker("a", BUSY), worker("b", SILENT), worker("c")],
            2,
            {"b": SILENT_COST, "c": IDLE_COST},
            id="who did not answer goes after the idle and before the busy",
        ),
        pytest.param(
            [worker("a", SILENT), worker("b", SILENT)],
            1,
            {},
            id="where nobody answers, a mark would tell nothing",
        ),
        pytest.param([worker("a", BUSY), worker("b")], 2, {}, id="where all go, nobody is marked"),
        pytest.param(
            [worker("a", BUSY), worker("b", BUSY), worker("c")],
            2,
            {"c": IDLE_COST},
            id="a busy worker is never marked, even if one has to go",
        ),
        pytest.param(
            [worker("a", BUSY), worker("b"), worker("c", SILENT, standing=Standing.WAITING)],
            1,
            {},
            id="who waits for a node goes without a mark",
        ),
        pytest.param(
            [worker("a", BUSY), worker("b"), worker("c", SILENT, standing=Standing.UNREADY)],
            2,
            {"b": IDLE_COST},
            id="who is not Ready goes without a mark, and an idle one with it",
        ),
        pytest.param(
            [worker("a", BUSY, cost=100), worker("b", cost=7)],
            1,
            {"b": IDLE_COST},
            id="a cost of somebody's own is left alone where it is not in the way",
        ),
        pytest.param([worker("a"), worker("b")], 0, {}, id="nobody leaves"),
        pytest.param([worker("a"), worker("b")], -1, {}, id="fewer are there than wanted"),
    ],
)
def test_the_idle_are_marked(workers: list[Worker], leaving: int, marks: dict[str, int]) -> None:
    assert costs(choose(workers, leaving=leaving).marks) == marks


@pytest.mark.parametrize(
    ("others", "leaving", "exposed"),
    [
        pytest.param([], 1, ["a"], id="it would be taken before the idle ones"),
        pytest.param([], 0, [], id="nobody leaves"),
        pytest.param([worker("w", standing=Standing.WAITING)], 1, [], id="another goes before it"),
        pytest.param([worker("w", standing=Standing.WAITING)], 2, ["a"], id="it is the next"),
    ],
)
def test_no_cost_protects_a_busy_worker_that_is_not_ready(
    others: list[Worker], leaving: int, exposed: list[str]
) -> None:
    workers = [worker("a", BUSY, standing=Standing.UNREADY), worker("b"), worker("c"), *others]

    assert choose(workers, leaving=leaving).exposed == exposed
    assert review(workers, {"b"}, leaving=leaving).exposed == exposed


def test_who_got_a_task_meanwhile_is_taken_off_the_list() -> None:
    # Given three that were marked, of which one is busy now
    workers = [
        worker("a", IDLE, cost=IDLE_COST),
        worker("b", BUSY, cost=IDLE_COST),
        worker("c", SILENT, cost=IDLE_COST),
        worker("d", IDLE),
        worker("e", SILENT, standing=Standing.WAITING),
        worker("f", BUSY, standing=Standing.UNREADY),
    ]
    # When they are looked at once more
    found = review(workers, {"a", "b", "c"}, leaving=4)
    # Then it stays; the other two may leave, and who would go before them
    assert costs(found.caught) == {"b": NO_COST}
    assert found.may_leave == 3


@pytest.mark.parametrize("marked", [set(), {"a"}])
def test_an_idle_worker_without_a_mark_is_not_counted_on(marked: set[str]) -> None:
    assert review([worker("a"), worker("b")], marked, leaving=1).may_leave == 0


def possible(each: Worker) -> bool:
    """Who has not started can hold no task, and cannot say so."""
    return each.standing is not Standing.WAITING or each.tasks is SILENT


WORKERS = st.lists(
    st.builds(
        worker,
        st.uuids().map(str),
        st.sampled_from([IDLE, BUSY, 3, SILENT]),
        cost=st.sampled_from([NO_COST, IDLE_COST, SILENT_COST]),
        standing=st.sampled_from(Standing),
        created=st.sampled_from([OLD, NEW]),
    ).filter(possible),
    max_size=12,
)


def taken(workers: list[Worker], marks: dict[str, int], leaving: int) -> list[Worker]:
    """Whom Kubernetes takes; among equals whoever is the worst for us."""
    ordered = sorted(
        workers,
        key=lambda each: (each.standing, marks.get(each.name, each.cost), not each.is_busy),
    )
    return ordered[:leaving]


@given(workers=WORKERS, leaving=st.integers(1, 12))
def test_kubernetes_takes_no_busy_worker_while_an_idle_one_is_there(
    workers: list[Worker], leaving: int
) -> None:
    choice = choose(workers, leaving=leaving)
    if choice.exposed or leaving >= len(workers):
        return  # nobody goes, or everybody
    gone = taken(workers, costs(choice.marks), leaving)
    kept = [each for each in workers if each not in gone]
    if any(each.is_busy for each in gone):
        assert not any(each.tasks == IDLE and each.standing is Standing.READY for each in kept)


@given(workers=WORKERS, leaving=st.integers(1, 12))
def test_no_more_are_marked_than_leave_and_nothing_is_written_twice(
    workers: list[Worker], leaving: int
) -> None:
    marks = costs(choose(workers, leaving=leaving).marks)
    after = [
        worker(
            each.name,
            each.tasks,
            cost=marks.get(each.name, each.cost),
            standing=each.standing,
            created=each.created,
        )
        for each in workers
    ]
    assert sum(1 for cost in marks.values() if cost != NO_COST) <= leaving
    assert choose(after, leaving=leaving).marks == []


@given(workers=WORKERS, leaving=st.integers(1, 12))
def test_as_many_as_may_leave_are_not_busy(workers: list[Worker], leaving: int) -> None:
    found = review(workers, {each.name for each in workers if each.is_marked}, leaving=leaving)
    lifted = costs(found.caught)
    if not found.exposed and found.may_leave < len(workers):
        gone = taken(workers, lifted, min(leaving, found.may_leave))
        assert not any(each.is_busy for each in gone)
