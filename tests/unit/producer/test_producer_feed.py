"""The input is read ahead a little and no further, and its end is told exactly."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from workqueue_producer.desk import Desk
from workqueue_producer.errors import SourceError
from workqueue_producer.feed import LOTS_AHEAD, Feed
from workqueue_producer.ledger import Ledger
from workqueue_producer.source import Arguments, Line
from workqueue_producer.tasks import Outcome, Task


@dataclass
class EndlessSource:
    """Gives lots of one line as fast as they are taken, and counts them."""

    unit: str = "line"
    size: int | None = None
    given: int = 0
    breaks_after: int | None = None
    error: Exception = field(default_factory=lambda: SourceError("cannot read on"))

    def lots(self, stopped: Callable[[], bool]) -> Iterator[list[Line]]:
        while not stopped():
            if self.given == self.breaks_after:
                raise self.error
            self.given += 1
            yield [Line(self.given, b"task")]


def eventually(check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.005)
    return False


def take_when_there(feed: Feed) -> Task | None:
    found: list[Task] = []

    def look() -> bool:
        if task := feed.take():
            found.append(task)
        return bool(found) or feed.ended or feed.error is not None

    assert eventually(look)
    return found[0] if found else None


def test_given_nobody_takes_then_the_input_waits_for_the_broker() -> None:
    source = EndlessSource()
    feed = Feed(source)
    # Given time to read on
    assert eventually(lambda: source.given > LOTS_AHEAD)
    time.sleep(0.1)
    # Then it has read the queue full, and one lot that does not fit
    assert source.given == LOTS_AHEAD + 1
    feed.stop()


def test_each_task_has_its_number_and_an_id_of_its_own() -> None:
    feed = Feed(Arguments([b"a", b"b"]))
    tasks = [take_when_there(feed), take_when_there(feed)]
    assert [(task.number, task.body) for task in tasks if task] == [(1, b"a"), (2, b"b")]
    assert len({task.id for task in tasks if task}) == 2
    assert take_when_there(feed) is None
    assert (feed.ended, feed.unsent_from) == (True, None)
    feed.stop()


def test_given_a_stop_in_the_middle_then_it_says_where_to_go_on() -> None:
    feed = Feed(EndlessSource())
    take_when_there(feed)
    take_when_there(feed)
    feed.stop()
    assert (feed.ended, feed.unsent_from) == (False, 3)


def test_given_a_stop_after_the_last_task_then_nothing_is_called_unsent() -> None:
    feed = Feed(Arguments([b"only"]))
    take_when_there(feed)
    assert eventually(feed._reading.done)
    feed.stop()
    assert feed.unsent_from is None


def test_given_the_input_breaks_then_what_came_before_is_still_given_out() -> None:
    feed = Feed(EndlessSource(breaks_after=1))
    assert take_when_there(feed) is not None
    assert take_when_there(feed) is None
    assert str(feed.error) == "cannot read on"
    assert feed.unsent_from == 2
    feed.stop()


def test_given_a_bug_in_the_reading_thread_then_it_is_raised_and_not_swallowed() -> None:
    feed = Feed(EndlessSource(breaks_after=0, error=ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        take_when_there(feed)
    feed._threads.shutdown()


def a_desk(*bodies: bytes) -> Desk:
    return Desk(Feed(Arguments(list(bodies))), Ledger(window=2, window_bytes=1000))


def next_when_there(desk: Desk) -> Task:
    found: list[Task] = []

    def look() -> bool:
        if task := desk.next_task():
            found.append(task)
        return bool(found)

    assert eventually(look)
    return found[0]


def test_given_a_full_window_then_the_desk_hands_out_nothing_until_a_confirm() -> None:
    desk = a_desk(b"a", b"b", b"c")
    next_when_there(desk)
    next_when_there(desk)
    assert desk.next_task() is None
    desk.ledger.confirmed(1, multiple=False)
    assert next_when_there(desk).body == b"c"
    desk.feed.stop()


def test_given_a_lost_connection_then_the_oldest_task_comes_first_and_keeps_its_id() -> None:
    desk = a_desk(b"a", b"b", b"c")
    first = next_when_there(desk)
    desk.ledger.new_channel()
    assert next_when_there(desk) == first
    assert next_when_there(desk).body == b"b"
    desk.feed.stop()


@pytest.mark.parametrize("outcome", [Outcome.NACKED, Outcome.RETURNED])
def test_given_a_refused_task_then_no_new_one_is_taken_and_the_rest_is_flushed(
    outcome: Outcome,
) -> None:
    desk = a_desk(b"a", b"b", b"c")
    first = next_when_there(desk)
    next_when_there(desk)
    if outcome is Outcome.NACKED:
        desk.ledger.nacked(1, multiple=False)
    else:
        desk.ledger.returned(first.id)
    assert (desk.next_task(), desk.done) == (None, False)
    desk.ledger.confirmed(2, multiple=False)
    assert desk.done
    desk.feed.stop()
    assert desk.feed.unsent_from == 3


def test_given_a_signal_then_what_is_open_is_waited_for_and_nothing_new_is_taken() -> None:
    desk = a_desk(b"a", b"b")
    next_when_there(desk)
    desk.stopping = True
    assert (desk.next_task(), desk.done) == (None, False)
    desk.ledger.confirmed(1, multiple=False)
    assert desk.done
    desk.feed.stop()
