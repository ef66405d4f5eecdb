"""Whatever the broker says in whatever order: every task ends in exactly one state."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workqueue_producer.ledger import NAMED_AT_MOST, Ledger
from workqueue_producer.tasks import NotConfirmed, Outcome, Task


def a_ledger(*, window: int = 10_000, window_bytes: int = 10**9) -> Ledger:
    return Ledger(window=window, window_bytes=window_bytes)


def a_task(number: int, body: bytes = b"task") -> Task:
    return Task(f"id-{number}", number, body)


def send(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.sending(a_task(number))


class AnyBroker(RuleBasedStateMachine):
    """A broker that confirms, refuses, returns and dies as it likes, and a simple model beside.

    The model knows for each task its outcome, or None while it is open.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ledger = a_ledger()
        self.model: dict[str, Outcome | None] = {}
        self.channel: list[str] = []  # the id at index n - 1 has delivery tag n
        self.again: list[str] = []
        self.resent = 0

    def settle(self, tags: range, outcome: Outcome) -> None:
        for tag in tags:
            task_id = self.channel[tag - 1]
            self.model[task_id] = self.model[task_id] or outcome

    def tags_of(self, data: st.DataObject) -> tuple[int, bool, range]:
        tag = data.draw(st.integers(1, len(self.channel)))
        multiple = data.draw(st.booleans())
        return tag, multiple, range(1 if multiple else tag, tag + 1)

    @rule()
    def publish(self) -> None:
        task = a_task(len(self.model) + 1)
        self.model[task.id] = None
        self.channel.append(task.id)
        self.ledger.sending(task)

    @rule()
    def publish_again(self) -> None:
        task = self.ledger.take_again()
        assert (task.id if task else None) == (self.again.pop(0) if self.again else None)
        if task is not None:
            self.resent += 1
            self.channel.append(task.id)
            self.ledger.sending(task)

    @precondition(lambda self: self.channel)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        tag, multiple, tags = self.tags_of(data)
        self.settle(tags, Outcome.CONFIRMED)
        self.ledger.confirmed(tag, multiple=multiple)

    @precondition(lambda self: self.channel)
    @rule(data=st.data())
    def nack(self, data: st.DataObject) -> None:
        tag, multiple, tags = self.tags_of(data)
        self.settle(tags, Outcome.NACKED)
        self.ledger.nacked(tag, multiple=multiple)

    @precondition(lambda self: self.channel)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        tag = data.draw(st.integers(1, len(self.channel)))
        self.settle(range(tag, tag + 1), Outcome.RETURNED)
        self.ledger.returned(self.channel[tag - 1])

    @rule()
    def lose_the_connection(self) -> None:
        self.again += [task_id for task_id in self.channel if self.model[task_id] is None]
        self.channel.clear()
        self.ledger.new_channel()

    @invariant()
    def the_books_agree(self) -> None:
        open_tasks = sum(1 for outcome in self.model.values() if outcome is None)
        assert self.ledger.sent == len(self.model)
        assert self.ledger.unsettled == open_tasks
        assert self.ledger.waiting == open_tasks - len(self.again)
        assert self.ledger.resent == self.resent
        assert self.counts() == Counter(o for o in self.model.values() if o)

    def counts(self) -> Counter[Outcome]:
        return +Counter({outcome: self.ledger.count(outcome) for outcome in Outcome})

    def teardown(self) -> None:
        self.ledger.give_up()
        expected = {task_id: o or Outcome.UNKNOWN for task_id, o in self.model.items()}
        assert self.ledger.unsettled == 0
        assert self.counts() == Counter(expected.values())
        named = {task.id: task.outcome for task in self.ledger.not_confirmed}
        assert named == {i: o for i, o in expected.items() if o is not Outcome.CONFIRMED}


TestAnyBroker = AnyBroker.TestCase
TestAnyBroker.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


def test_given_a_returned_task_when_its_confirm_follows_then_it_stays_returned() -> None:
    ledger = a_ledger()
    send(ledger, 1)
    ledger.returned("id-1")
    ledger.confirmed(1, multiple=False)
    assert ledger.not_confirmed == [NotConfirmed("id-1", 1, Outcome.RETURNED)]
    assert (ledger.count(Outcome.CONFIRMED), ledger.unsettled) == (0, 0)


def test_given_a_new_channel_when_tag_one_is_confirmed_then_it_means_the_new_channels_first() -> (
    None
):
    # Given two tasks sent, and the connection lost before any confirm
    ledger = a_ledger()
    send(ledger, 1, 2)
    ledger.new_channel()
    # When the older one is sent again and its confirm comes
    again = ledger.take_again()
    assert again == a_task(1)
    ledger.sending(again)
    ledger.confirmed(1, multiple=False)
    # Then the other one still waits to be sent again
    assert (ledger.count(Outcome.CONFIRMED), ledger.unsettled, ledger.waiting) == (1, 1, 0)


def test_given_multiple_with_tag_zero_then_it_speaks_for_all() -> None:
    ledger = a_ledger()
    send(ledger, 1, 2, 3)
    ledger.confirmed(0, multiple=True)
    assert ledger.count(Outcome.CONFIRMED) == 3


@pytest.mark.parametrize("multiple", [True, False])
def test_given_a_tag_that_was_never_sent_then_counting_on_would_lie(multiple: bool) -> None:
    ledger = a_ledger()
    send(ledger, 1)
    with pytest.raises(ValueError, match="tag 2, but only 1 were sent"):
        ledger.confirmed(2, multiple=multiple)


@pytest.mark.parametrize(
    ("window", "window_bytes", "bodies", "room"),
    [
        pytest.param(2, 100, [b"x"], True, id="one of two leaves room"),
        pytest.param(2, 100, [b"x", b"x"], False, id="two of two are a full window"),
        pytest.param(9, 10, [b"x" * 10], False, id="ten of ten bytes are a full window"),
        pytest.param(9, 10, [], True, id="an empty window has room for a task of any length"),
    ],
)
def test_the_window_bounds_tasks_and_bytes(
    window: int, window_bytes: int, bodies: list[bytes], room: bool
) -> None:
    ledger = a_ledger(window=window, window_bytes=window_bytes)
    for number, body in enumerate(bodies):
        ledger.sending(a_task(number, body))
    assert ledger.has_room is room


@given(lengths=st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_given_all_is_confirmed_then_the_whole_window_is_free_again(lengths: list[int]) -> None:
    ledger = a_ledger(window_bytes=1)
    for number, length in enumerate(lengths):
        ledger.sending(a_task(number, b"x" * length))
    ledger.confirmed(len(lengths), multiple=True)
    ledger.sending(a_task(1000, b""))
    assert ledger.has_room


def test_given_thousands_are_refused_then_all_are_counted_and_a_bounded_number_named() -> None:
    ledger = a_ledger()
    send(ledger, *range(NAMED_AT_MOST + 5))
    ledger.nacked(0, multiple=True)
    assert ledger.count(Outcome.NACKED) == NAMED_AT_MOST + 5
    assert len(ledger.not_confirmed) == NAMED_AT_MOST
