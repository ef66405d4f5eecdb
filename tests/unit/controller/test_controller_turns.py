"""Turns to roll, watches and slots: small things that many threads share."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from unit.controller.fake_clock import FakeClock
from workqueue_operator.controller.slots import AT_ONCE, SLOW_SECONDS, Slots
from workqueue_operator.controller.turns import LOOK_AGAIN_SECONDS, OPENS_AFTER_SECONDS, Turns
from workqueue_operator.controller.watches import NOBODY, Watches
from workqueue_operator.core.access import Access
from workqueue_operator.core.rollout import ROLLING_AT_ONCE

ACCESS = Access(
    host="rabbitmq", port=5672, tls=False, vhost="/", username="guest", password="right"
)
TARGET = (ACCESS, "mail")


def test_nobody_rolls_before_those_without_workers_had_their_time() -> None:
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    assert not turns.take("a")
    clock.seconds += 3600  # a long listing
    assert not turns.take("a")
    turns.open()
    clock.seconds += OPENS_AFTER_SECONDS - 1
    assert not turns.take("a")
    clock.seconds += 1
    assert turns.take("a")


def test_a_few_have_a_turn_and_the_next_when_one_gives_it_back() -> None:
    turns = Turns(FakeClock().monotonic)
    turns.open(after_seconds=0)
    uids = [f"uid-{number}" for number in range(ROLLING_AT_ONCE + 1)]
    assert [turns.take(uid) for uid in uids] == [True] * ROLLING_AT_ONCE + [False]
    assert turns.take(uids[0]), "a turn that is held is held still"
    turns.give_back("nobody")
    assert not turns.take(uids[-1])
    turns.give_back(uids[0])
    assert turns.take(uids[-1])
    assert not turns.take(uids[0])


class Monitors:
    """What is read now."""

    def __init__(self) -> None:
        self.read: set[tuple[Access, str]] = set()
        self.before_unwatch: Callable[[], object] = tuple

    def watch(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.read.add((access, queue))

    def watch_seldom(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.read.add((access, queue))

    def unwatch(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.before_unwatch()
        self.read.discard((access, queue))

    def alive(self) -> Sequence[str]:
        """See ports.Monitors."""
        return ()

    def close(self) -> None:
        """See ports.Monitors."""


def test_a_queue_is_read_until_the_last_who_wants_it_is_gone() -> None:
    monitors = Monitors()
    watches = Watches(monitors)
    watches.add("a", TARGET)
    watches.add("b", TARGET)
    assert watches.of(ACCESS).get("mail", NOBODY) == {"a", "b"}
    assert watches.addresses() == {"rabbitmq:5672/"}
    watches.drop("a", TARGET)
    assert monitors.read == {TARGET}
    assert watches.of(ACCESS).get("mail", NOBODY) == {"b"}
    watches.drop("b", TARGET)
    assert monitors.read == set()
    assert watches.of(ACCESS).get("mail", NOBODY) == frozenset()
    assert watches.addresses() == frozenset()


def test_one_who_comes_while_the_last_one_leaves_is_not_left_unread() -> None:
    # Given a queue that one WorkQueue wants, and a monitor that takes its time to end
    monitors = Monitors()
    watches = Watches(monitors)
    watches.add("old", TARGET)
    newcomer = threading.Thread(target=lambda: watches.add("new", TARGET))

    def let_it_come() -> None:
        newcomer.start()
        newcomer.join(0.1)

    monitors.before_unwatch = let_it_come
    # When it leaves, and its successor comes just then
    watches.drop("old", TARGET)
    newcomer.join(5)
    # Then the queue is read for the successor
    assert watches.of(ACCESS).get("mail", NOBODY) == {"new"}
    assert monitors.read == {TARGET}


def test_who_gets_no_slot_is_called_when_one_is_free() -> None:
    # Given more WorkQueues than slots
    slots = Slots(FakeClock().monotonic, in_all=3 * AT_ONCE)
    held = [slots.slot(ACCESS, f"uid-{number}") for number in range(2 * AT_ONCE + 3)]
    entered = [each.__enter__() for each in held]
    assert entered == [True] * AT_ONCE + [False] * (AT_ONCE + 3)
    assert slots.take_called() == frozenset()
    # When one is done, the one that has waited longest is called, once
    held[0].__exit__(None, None, None)
    assert slots.take_called() == {f"uid-{AT_ONCE}"}
    assert slots.take_called() == frozenset()
    # When all are done and nobody came, whoever is left is called, too
    for each in held[1:]:
        each.__exit__(None, None, None)
    assert slots.take_called() == {f"uid-{AT_ONCE + number}" for number in range(1, AT_ONCE + 3)}
    assert slots._counters == {}, "an access that nobody asks any more is forgotten"


def test_one_slow_broker_takes_no_slot_of_another() -> None:
    slots = Slots(FakeClock().monotonic, in_all=3 * AT_ONCE)
    other = replace(ACCESS, host="other")
    for number in range(AT_ONCE):
        slots.slot(ACCESS, f"uid-{number}").__enter__()
    with slots.slot(other, "news") as free:
        assert free


def test_many_slow_brokers_together_leave_threads_free() -> None:
    # Given two brokers, and one slot fewer than both would take
    slots, other = Slots(FakeClock().monotonic, in_all=2 * AT_ONCE - 1), replace(ACCESS, host="b")
    held = [
        slots.slot(each, f"{each.host}-{n}") for each in (ACCESS, other) for n in range(AT_ONCE)
    ]
    assert [each.__enter__() for each in held].count(True) == 2 * AT_ONCE - 1
    # Then the one that got none is called when anybody is done
    held[0].__exit__(None, None, None)
    assert slots.take_called() == {f"b-{AT_ONCE - 1}"}


def test_a_broker_that_was_slow_is_asked_one_question_until_it_is_quick_again() -> None:
    # Given a broker that has taken its time
    clock = FakeClock()
    slots = Slots(clock.monotonic, in_all=3 * AT_ONCE)
    with slots.slot(ACCESS, "a"):
        clock.seconds += SLOW_SECONDS + 1
    # Then it is asked one question at a time
    with slots.slot(ACCESS, "a") as first, slots.slot(ACCESS, "b") as second:
        assert (first, second) == (True, False)
    # And when it has answered soon, as many as ever; whoever waited is called
    assert slots.take_called() == {"b"}
    with slots.slot(ACCESS, "a") as first, slots.slot(ACCESS, "b") as second:
        assert (first, second) == (True, True)


def opened() -> Turns:
    turns = Turns(FakeClock().monotonic)
    turns.open(after_seconds=0)
    return turns


def test_who_waits_for_a_turn_is_called_when_one_is_given_back() -> None:
    # Given more than may roll at once
    turns = opened()
    uids = [f"uid-{number}" for number in range(ROLLING_AT_ONCE + 2)]
    for uid in uids:
        turns.take(uid)
    assert turns.take_called() == frozenset()
    assert turns.wait_seconds(uids[0]) == LOOK_AGAIN_SECONDS
    assert turns.wait_seconds(uids[-1]) is None
    # When one is done, the one that has waited longest is called, and nobody else
    turns.give_back(uids[0])
    turns.give_back(uids[0])
    assert turns.take_called() == {uids[ROLLING_AT_ONCE]}
    assert turns.take(uids[ROLLING_AT_ONCE])


def test_who_is_called_and_needs_no_turn_any_more_passes_it_on() -> None:
    turns = opened()
    uids = [f"uid-{number}" for number in range(ROLLING_AT_ONCE + 2)]
    for uid in uids:
        turns.take(uid)
    turns.give_back(uids[0])
    assert turns.take_called() == {uids[-2]}
    turns.pass_on("another, whose step has ended")
    assert turns.take_called() == frozenset()
    turns.pass_on(uids[-2])
    assert turns.take_called() == {uids[-1]}


def test_before_the_opening_everybody_knows_when_to_come() -> None:
    clock = FakeClock()
    turns = Turns(clock.monotonic)
    turns.open()
    assert not turns.take("a")
    clock.seconds += 1
    assert turns.wait_seconds("a") == OPENS_AFTER_SECONDS - 1
    assert turns.wait_seconds("who asked for none") is None
