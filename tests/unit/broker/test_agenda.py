"""What a monitor reads in each turn, told as the broker's day goes by."""

import pytest

from workqueue_operator.broker.agenda import Agenda
from workqueue_operator.broker.watched import Watched
from workqueue_operator.core.readings import Known

COST_SECONDS = 14e-6


class Day:
    """A monitor without threads: time passes when it is told to."""

    def __init__(self, queues: int, *, share: float = 0.10) -> None:
        self.watched = Watched()
        for index in range(queues):
            self.watched.add(f"q{index}")
        self.agenda = Agenda(self.watched, share=lambda: share)
        self.now = 0.0
        self.tasks: dict[str, int] = {}
        self.seen_at: dict[str, float] = {}
        self.reads = 0

    def turn(self) -> set[str]:
        """One turn; then it is time for the next."""
        self.agenda.keep()
        queues, seconds = self.agenda.turn()
        self.read(queues, extra=False)
        self.now += seconds
        return queues

    def read(self, queues: set[str], *, extra: bool) -> None:
        readings = {
            queue: Known(ready=self.tasks.get(queue, 0), consumers=0, unacked=None, at=self.now)
            for queue in queues
        }
        self.reads += len(queues)
        for queue, reading in readings.items():
            if reading.ready:
                self.seen_at.setdefault(queue, self.now)
        spent = len(queues) * COST_SECONDS
        self.agenda.have_read(readings, cpu_seconds=spent, now=self.now, extra=extra)

    def pass_by(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.turn()


@pytest.mark.parametrize(
    ("queues", "within_seconds"),
    [
        pytest.param(1, 0.1, id="one queue"),
        pytest.param(1_000, 0.4, id="a thousand"),
        pytest.param(10_000, 1.8, id="ten thousand"),
    ],
)
def test_a_sleeping_queue_that_gets_a_task_is_seen_in_time_and_within_the_budget(
    queues: int, within_seconds: float
) -> None:
    # Given a broker access that has been read for a while
    day = Day(queues)
    day.pass_by(5)
    began, reads = day.now, day.reads

    # When sleeping queues get a task now and then
    waited = []
    for index in range(0, queues, max(1, queues // 20)):
        queue, published_at = f"q{index}", day.now
        day.tasks[queue] = 1
        while queue not in day.seen_at:
            day.turn()
        waited.append(day.seen_at[queue] - published_at)
        day.pass_by(0.5)

    # Then each is seen in time, for a tenth of a core
    assert max(waited) <= within_seconds + 0.01
    assert (day.reads - reads) * COST_SECONDS <= 0.101 * (day.now - began)


def test_a_queue_with_tasks_is_read_in_every_turn_among_ten_thousand() -> None:
    day = Day(10_000)
    day.tasks["q5000"] = 3
    day.pass_by(3)
    assert all("q5000" in day.turn() for _ in range(50))


def test_a_new_queue_is_read_at_once_and_paid_for_later() -> None:
    day = Day(10)
    day.pass_by(1)
    day.watched.add("new")
    fresh = day.agenda.fresh()
    assert fresh == {"new"}
    assert day.agenda.fresh() == set()

    # What a thousand of them cost delays the turn after the next, but not for long.
    day.agenda.have_read({}, cpu_seconds=0.05, now=day.now, extra=True)
    _, seconds = day.agenda.turn()
    assert 0.5 <= seconds <= 2
    day.agenda.have_read({}, cpu_seconds=5, now=day.now, extra=True)
    _, seconds = day.agenda.turn()
    assert seconds <= 21


def test_what_is_not_watched_any_more_is_told_once_and_not_read() -> None:
    day = Day(2)
    day.pass_by(1)
    day.watched.discard("q0")
    assert day.agenda.keep() == {"q0"}
    assert day.agenda.keep() == set()
    assert day.turn() == {"q1"}


def test_after_an_outage_the_first_turns_are_paced_like_the_others() -> None:
    # Given ten thousand queues, all of which have been told to be unknown in an outage
    day = Day(10_000)
    day.pass_by(5)
    before = day.watched.take_all()
    assert len(before) == 10_000

    # When the broker is back, then the first turn reads no more than a turn before did
    assert len(day.turn()) <= 1_000


def test_a_small_share_reads_rarely_and_yet_each_queue_within_the_ceiling() -> None:
    day = Day(10_000, share=0.001)
    day.pass_by(25)
    day.reads = 0
    began = day.now
    seen: set[str] = set()
    while day.now < began + 21:
        seen |= day.turn()
    assert len(seen) == 10_000
    assert day.reads <= 12_000
