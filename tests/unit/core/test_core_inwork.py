"""Tasks in work that need their worker."""

import pytest

from unit.core.builders import census, known, seen
from workqueue_operator.core.decision import Census
from workqueue_operator.core.inwork import busy_workers, in_work
from workqueue_operator.core.readings import Known


@pytest.mark.parametrize(
    ("reading", "asked", "may_drain", "between"),
    [
        pytest.param(known(unacked=7), None, False, (7, 7), id="the broker counts them"),
        pytest.param(
            known(unacked=25), None, False, (10, 10), id="no more than the workers can hold"
        ),
        pytest.param(
            known(unacked=7), census(2), False, (7, 7), id="the broker knows it later, but all"
        ),
        pytest.param(
            known(unacked=25), None, True, (0, 10), id="while pods drain, nobody knows whose"
        ),
        pytest.param(
            known(unacked=25), census(3, draining=22), True, (3, 3), id="but the workers know"
        ),
        pytest.param(
            known(unacked=25), census(3, draining=22, age=5), True, (3, 3), id="for some seconds"
        ),
        pytest.param(
            known(unacked=25), census(3, draining=22, age=7), True, (0, 10), id="not for longer"
        ),
        pytest.param(
            known(ready=1, unacked=25),
            census(3, draining=22, age=5),
            True,
            (0, 10),
            id="nor while tasks wait, which anybody may have taken since",
        ),
        pytest.param(
            known(unacked=25),
            census(3, silent=4, draining=20),
            True,
            (3, 5),
            id="two more are counted: the silent may hold them",
        ),
        pytest.param(
            known(ready=1, unacked=25),
            census(3, silent=4, draining=10),
            True,
            (7, 7),
            id="while tasks wait the silent are full",
        ),
        pytest.param(
            known(ready=9, unacked=None, consumers=6), None, False, (6, 6), id="consumers are full"
        ),
        pytest.param(
            known(ready=9, unacked=None, consumers=60), None, False, (10, 10), id="ours alone"
        ),
        pytest.param(
            known(unacked=None, consumers=6), None, False, (0, 6), id="nothing waits: who knows"
        ),
        pytest.param(
            known(unacked=None, consumers=6), census(4), False, (4, 4), id="the workers know"
        ),
        pytest.param(
            known(unacked=None, consumers=6),
            census(4, silent=2),
            False,
            (4, 6),
            id="the silent may hold one each",
        ),
        pytest.param(
            known(unacked=None, consumers=6), census(4, age=2), False, (0, 6), id="long ago"
        ),
        pytest.param(
            known(unacked=None, consumers=0), None, False, (0, 0), id="nobody consumes, none held"
        ),
    ],
)
def test_tasks_in_work(
    reading: Known, asked: Census | None, may_drain: bool, between: tuple[int, int]
) -> None:
    # Given ten workers
    found = in_work(seen(reading, 10, may_drain=may_drain, asked=asked), reading, 1)

    assert (found.tasks, found.most) == between
    assert found.exact == (between[0] == between[1])


@pytest.mark.parametrize(
    ("wanted", "current", "held"),
    [
        pytest.param(10, 4, 4, id="pods that do not exist hold nothing"),
        pytest.param(4, 10, 4, id="pods that are about to leave need no worker"),
        pytest.param(0, 0, 0, id="no worker, no task in work that needs one"),
    ],
)
def test_only_pods_that_stay_count(wanted: int, current: int, held: int) -> None:
    reading = known(unacked=20)

    assert in_work(seen(reading, wanted, current=current), reading, 1).tasks == held


def test_a_worker_holds_as_many_as_its_prefetch() -> None:
    reading = known(ready=1, unacked=None, consumers=3)

    assert in_work(seen(reading, 3), reading, 20).tasks == 60


@pytest.mark.parametrize(
    ("reading", "asked", "prefetch", "busy"),
    [
        pytest.param(known(unacked=4), None, 1, 4, id="one task each"),
        pytest.param(known(unacked=7), None, 2, 4, id="two tasks each, rounded up"),
        pytest.param(known(unacked=4), census(3, busy=2), 1, 2, id="the workers know best"),
        pytest.param(known(unacked=4), census(3, age=7), 1, 4, id="unless that was long ago"),
        pytest.param(known(unacked=None, consumers=5), None, 1, None, id="nobody knows"),
        pytest.param(known(ready=9, unacked=None, consumers=5), None, 1, 5, id="all of them"),
    ],
)
def test_busy_workers_are_told_when_they_are_known(
    reading: Known, asked: Census | None, prefetch: int, busy: int | None
) -> None:
    look = seen(reading, 10, asked=asked)
    assert busy_workers(look, reading, prefetch) == busy
