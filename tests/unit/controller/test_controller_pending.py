"""Who wants a step: each once, none twice at the same time, some of them later."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.controller.fake_clock import FakeClock
from unit.controller.rig import DuePending
from workqueue_operator.controller.pending import Pending, Urgency


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pending(clock: FakeClock) -> DuePending:
    return DuePending(clock.monotonic)


def test_a_key_is_taken_once_however_often_it_was_asked_for(pending: DuePending) -> None:
    for _ in range(3):
        pending.add("a")
    assert pending.take() == "a"
    pending.done("a")
    assert pending.take() is None


def test_an_earlier_time_wins_over_a_later_one(pending: DuePending, clock: FakeClock) -> None:
    pending.add("a", 30)
    pending.add("a", 5)
    pending.add("a", 60)
    clock.seconds += 5
    assert pending.take() == "a"
    pending.done("a")
    # And the later ones are forgotten with it
    clock.seconds += 100
    assert pending.take() is None


def test_what_is_asked_for_while_it_runs_runs_again_and_never_beside_itself(
    pending: DuePending,
) -> None:
    pending.add("a")
    assert pending.take() == "a"
    # When somebody asks for it meanwhile
    pending.add("a")
    # Then it is not taken a second time before it is done
    assert pending.take() is None
    pending.done("a")
    assert pending.take() == "a"


def test_a_running_key_keeps_the_earlier_of_two_later_times(
    pending: DuePending, clock: FakeClock
) -> None:
    pending.add("a")
    pending.take()
    pending.add("a", 60)
    pending.add("a", 1)
    pending.done("a")
    clock.seconds += 1
    assert pending.take() == "a"


def test_keys_that_are_due_go_in_the_order_of_their_times(
    pending: DuePending, clock: FakeClock
) -> None:
    for key, after in [("c", 3), ("a", 1), ("b", 2)]:
        pending.add(key, after)
    clock.seconds += 5
    assert [pending.take() for _ in range(4)] == ["a", "b", "c", None]


def test_who_has_no_workers_goes_before_all_others_and_telling_comes_last(
    pending: DuePending, clock: FakeClock
) -> None:
    pending.add("tell", urgency=Urgency.TELLING)
    pending.add("usual")
    clock.seconds += 1
    pending.add("first", urgency=Urgency.FIRST_WORKERS)
    assert [pending.take() for _ in range(4)] == ["first", "usual", "tell", None]


def test_nobody_waits_for_ever_behind_a_crowd(pending: DuePending, clock: FakeClock) -> None:
    pending.add("tell", urgency=Urgency.TELLING)
    clock.seconds += Urgency.FIRST_WORKERS - Urgency.TELLING + 1
    pending.add("first", urgency=Urgency.FIRST_WORKERS)
    assert pending.take() == "tell"


def test_what_becomes_urgent_while_it_waits_goes_first(
    pending: DuePending, clock: FakeClock
) -> None:
    pending.add("usual")
    pending.add("mine", urgency=Urgency.TELLING)
    clock.seconds += 1
    pending.add("mine", urgency=Urgency.FIRST_WORKERS)
    assert [pending.take() for _ in range(3)] == ["mine", "usual", None]


def test_telling_now_is_not_put_off_by_a_step_that_is_due_later(
    pending: DuePending, clock: FakeClock
) -> None:
    pending.add("a", 60)
    pending.add("a", urgency=Urgency.TELLING)
    pending.add("a", 4)
    assert pending.take() == "a"
    pending.done("a")
    clock.seconds += 100
    assert pending.take() is None


def test_it_is_crowded_while_somebody_waits_for_first_workers(
    pending: DuePending, clock: FakeClock
) -> None:
    assert not pending.is_crowded()
    pending.add("usual")
    assert not pending.is_crowded()
    pending.add("first", urgency=Urgency.FIRST_WORKERS)
    assert pending.is_crowded()
    assert pending.take() == "first"
    pending.add("first", urgency=Urgency.FIRST_WORKERS)
    assert not pending.is_crowded(), "one that has its step right now crowds nobody"
    pending.done("first")
    assert pending.is_crowded()


def test_closing_lets_every_waiting_thread_go() -> None:
    pending = Pending()
    taken: list[str | None] = []
    threads = [threading.Thread(target=lambda: taken.append(pending.take())) for _ in range(4)]
    for thread in threads:
        thread.start()
    pending.add("later", 600)
    pending.close()
    for thread in threads:
        thread.join(5)
    assert taken == [None] * 4
    assert pending.take() is None


def test_a_thread_that_waits_for_later_is_woken_for_sooner() -> None:
    # Given a thread that waits for a key in ten minutes
    pending = Pending()
    taken: list[str | None] = []
    pending.add("later", 600)
    thread = threading.Thread(target=lambda: taken.append(pending.take()))
    thread.start()
    # When another is due now
    pending.add("now")
    # Then it is taken at once
    thread.join(5)
    assert taken == ["now"]


class Tally:
    """Counts the steps of each key, and those that overlapped."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: set[str] = set()
        self.overlaps = 0
        self.last_seen: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    def work(self, pending: Pending) -> None:
        """A thread of steps."""
        while (key := pending.take()) is not None:
            with self.lock:
                self.overlaps += key in self.running
                self.running.add(key)
                self.last_seen[key] = self.asked[key]
            time.sleep(0)
            with self.lock:
                self.running.discard(key)
            pending.done(key)

    def ask_all(self, pending: Pending, asks: list[tuple[str, float]]) -> None:
        """Something has changed: a step must see it. asks: keys, and after how many seconds."""
        for key, after_seconds in asks:
            with self.lock:
                self.asked[key] = self.asked.get(key, 0) + 1
            pending.add(key, after_seconds)

    def is_even(self) -> bool:
        """Every change has been seen by a step that began after it."""
        with self.lock:
            return self.last_seen == self.asked and not self.running


@settings(deadline=None, max_examples=60)
@given(
    asks=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0.001, 0.004])), max_size=60
    ),
    threads=st.integers(1, 4),
)
def test_no_wake_up_is_lost_and_no_step_overlaps_itself(
    asks: list[tuple[str, float]], threads: int
) -> None:
    # Given some threads of steps
    pending, tally = Pending(), Tally()
    pool = [threading.Thread(target=tally.work, args=(pending,)) for _ in range(threads)]
    for thread in pool:
        thread.start()
    # When changes come from two sides at once
    sides = [
        threading.Thread(target=tally.ask_all, args=(pending, asks[first::2])) for first in (0, 1)
    ]
    for side in sides:
        side.start()
    for side in sides:
        side.join()
    # Then each is seen by a step that began after it, soon
    end = time.monotonic() + 5
    while not tally.is_even() and time.monotonic() < end:
        time.sleep(0.001)
    pending.close()
    for thread in pool:
        thread.join(5)
    assert tally.is_even()
    assert tally.overlaps == 0
