"""Going through a dead-letter queue once, and doing something with those that are meant."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.dlq.letters import NOW, letter
from workqueue_operator.cli.dlq.acting import HELD_ELSEWHERE, INTERRUPTED, Choice, act, windows
from workqueue_operator.cli.dlq.filters import Filter
from workqueue_operator.cli.dlq.interrupt import Interrupt
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.cli.dlq.listing import found, in_order, rest_of
from workqueue_operator.cli.dlq.looking import BLOCK_BYTES, LARGEST_BLOCK, Walk
from workqueue_operator.cli.dlq.outcome import Outcome
from workqueue_operator.core.errors import BrokerUnreachableError


@dataclass
class FakeQueue:
    """Hands out what it has, and never the same twice."""

    letters: list[Letter]
    asked: list[int] = field(default_factory=list)
    breaks_at: int | None = None
    settled: int = 0

    def settle(self) -> None:
        self.settled += 1

    def waiting(self, queue: str) -> int:
        assert queue == "mail.dead"
        return len(self.letters)

    def take(self, dead_queue: str, queue: str, count: int) -> Sequence[Letter]:
        assert (dead_queue, queue) == ("mail.dead", "mail")
        self.asked.append(count)
        if self.breaks_at == len(self.asked):
            raise BrokerUnreachableError("broker:5672 is gone")
        taken, self.letters = self.letters[:count], self.letters[count:]
        return taken


def many(count: int, *, size: int = 1) -> list[Letter]:
    return [letter(b"x" * size, tag=tag) for tag in range(1, count + 1)]


def walk(queue: FakeQueue) -> Walk:
    return Walk(queue, "mail.dead", "mail")


def outcome() -> Outcome:
    return Outcome(verb="replayed", queue="mail.dead")


def test_letters_that_come_meanwhile_stay_unseen() -> None:
    # Given a queue of which every letter that is seen comes back at its end
    queue = FakeQueue(many(200))
    seen = 0
    for block in walk(queue).blocks():
        seen += len(block)
        queue.letters.extend(block)
    # Then the walk ends where it reached at the start
    assert seen == 200


@given(st.integers(0, 10_000), st.one_of(st.none(), st.integers(1, 12_000)))
def test_no_more_are_taken_than_were_there_or_are_wanted(there: int, at_most: int | None) -> None:
    one = letter()
    queue = FakeQueue([one] * there)
    seen = sum(len(block) for block in walk(queue).blocks(at_most))
    assert seen == min(there, there if at_most is None else at_most)
    assert sum(queue.asked) == seen
    assert max(queue.asked, default=0) <= LARGEST_BLOCK


def test_large_bodies_are_asked_for_in_small_blocks() -> None:
    size = BLOCK_BYTES // 4
    queue = FakeQueue([letter(b"x" * size)] * 80)
    list(walk(queue).blocks())
    assert queue.asked[1:] == [3] * 5 + [1]


def test_what_another_reader_holds_is_told() -> None:
    queue, told = FakeQueue(many(10)), outcome()
    going = walk(queue)
    queue.letters = queue.letters[:4]
    act(going, choice(), told, Interrupt(), lambda _: True)
    assert (told.unseen, told.troubles, told.exit_code) == (6, [HELD_ELSEWHERE], 1)


def choice(limit: int | None = None, *, ids: frozenset[str] = frozenset()) -> Choice:
    return Choice(filter=Filter(ids=ids), now=NOW, limit=limit)


@pytest.mark.parametrize(
    ("chosen", "done", "stay"),
    [
        pytest.param(choice(), 100, 0, id="all"),
        pytest.param(choice(30), 30, 0, id="so many: no more are looked at"),
        pytest.param(choice(ids=frozenset({"id-7", "id-70"})), 2, 98, id="two of them"),
        pytest.param(choice(1, ids=frozenset({"id-7", "id-70"})), 1, 63, id="one of the two"),
    ],
)
def test_those_that_are_meant_are_worked_on_and_the_others_stay(
    chosen: Choice, done: int, stay: int
) -> None:
    told, worked = outcome(), list[str]()

    def work(letters: Sequence[Letter]) -> bool:
        worked.extend(each.id for each in letters)
        return True

    queue = FakeQueue(many(100))
    act(walk(queue), chosen, told, Interrupt(), work)
    assert queue.settled == 1
    assert (len(worked), told.stay, told.exit_code) == (done, stay, 0)


def test_only_those_are_removed_that_somebody_agreed_to() -> None:
    agreed, came_later = letter(b"1"), letter(b"2")
    taken = Choice(filter=Filter(), now=NOW, only=Counter([agreed.fingerprint]))
    assert [taken.takes(each) for each in (agreed, came_later, agreed)] == [True, False, False]


def test_a_broker_that_goes_away_is_an_outcome_and_what_was_done_is_counted() -> None:
    queue, told = FakeQueue(many(200), breaks_at=2), outcome()
    act(walk(queue), choice(), told, Interrupt(), lambda _: True)
    assert told.troubles == [
        "broker:5672 is gone. What was not removed is in its place; run it again"
    ]
    assert (told.unseen, told.exit_code) == (136, 1)


def test_an_interrupt_ends_it_after_the_block() -> None:
    interrupt, told = Interrupt(), outcome()

    def work(letters: Sequence[Letter]) -> bool:
        interrupt.asked = True
        return True

    act(walk(FakeQueue(many(200))), choice(), told, interrupt, work)
    assert (told.unseen, told.troubles) == (136, [INTERRUPTED])


def test_windows_leave_nothing_out() -> None:
    assert [[each.tag for each in window] for window in windows(many(5), 2)] == [
        [1, 2],
        [3, 4],
        [5],
    ]


@pytest.mark.parametrize(
    ("newest_first", "limit", "ids"),
    [
        pytest.param(False, 2, ["id-1", "id-2"], id="the oldest"),
        pytest.param(True, 2, ["id-5", "id-4"], id="the newest"),
        pytest.param(True, 9, ["id-5", "id-4", "id-3", "id-2", "id-1"], id="all, the newest first"),
    ],
)
def test_a_list_is_in_the_order_that_was_asked_for(
    newest_first: bool, limit: int, ids: list[str]
) -> None:
    going = walk(FakeQueue(many(5)))
    letters = found(going, Filter(), now=NOW, scan=10, limit=None if newest_first else limit)
    told = in_order(letters, lambda each: each.id, limit=limit, newest_first=newest_first)
    assert list(told) == ids


def test_a_list_looks_at_no_more_than_it_needs_and_says_so() -> None:
    queue = FakeQueue(many(500))
    going = walk(queue)
    assert len(list(found(going, Filter(), now=NOW, scan=400, limit=100))) == 100
    assert going.seen == 100
    assert rest_of(going, 100) == "100 shown, 100 of 500 looked at\n"
    assert rest_of(walk(FakeQueue([])), 0) == "no dead letters\n"


def test_a_filter_looks_as_far_as_it_may() -> None:
    going = walk(FakeQueue(many(500)))
    wanted = Filter(ids=frozenset({"id-450"}))
    assert list(found(going, wanted, now=NOW, scan=400, limit=1)) == []
    assert going.seen == 400
