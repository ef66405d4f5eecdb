"""The losses that say nothing by themselves, and to which channel a word belongs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pika
import pytest

from workqueue_worker.message import Delivery
from workqueue_worker.settings import Settings
from workqueue_worker.subscription import Subscription, consumer_timeout_ms
from workqueue_worker.troubles import ChannelLostError, ConsumerLostError

SETTINGS = Settings.from_env(
    {
        "WORKQUEUE_QUEUE": "mail",
        "WORKQUEUE_VHOST": "/",
        "WORKQUEUE_DEAD_LETTER_QUEUE": "mail.dead",
        "WORKQUEUE_BROKER_DIR": "/nowhere",
        "WORKQUEUE_HANDLER": '{"python": "mail:send"}',
        "WORKQUEUE_MAX_ATTEMPTS": "5",
        "WORKQUEUE_TASK_TIMEOUT_SECONDS": "600",
        "WORKQUEUE_PREFETCH": "4",
        "WORKQUEUE_PROBE_PORT": "9400",
        "WORKQUEUE_POD_NAME": "mail-7",
    }
)


@dataclass
class FakePika:
    """Connection and channel in one; like pika's, it raises nothing when its channel ends."""

    is_open: bool = True
    consumer_tags: list[str] = field(default_factory=list)
    said: list[tuple[str, Any]] = field(default_factory=list)
    missing: bool = False
    closed: bool = False
    version: str = "4.0.5"

    channel_number: int = 1

    @property
    def _impl(self) -> Any:
        """What has no public name: the broker's version, and the loop that is woken."""
        loop = SimpleNamespace(add_callback_threadsafe=lambda callback: callback())
        return SimpleNamespace(server_properties={"version": self.version}, ioloop=loop)

    def _request_channel_dispatch(self, number: int) -> None:
        self.said.append(("end of turn", number))

    def channel(self) -> FakePika:
        return self

    def queue_declare(self, queue: str, *, passive: bool) -> None:
        assert passive, "only the operator declares"
        if self.missing:
            raise pika.exceptions.ChannelClosedByBroker(404, f"no queue {queue!r}")

    def basic_qos(self, *, prefetch_count: int) -> None:
        self.said.append(("qos", prefetch_count))

    def basic_consume(
        self, _queue: str, callback: Any, *, consumer_tag: str, arguments: dict[str, int]
    ) -> None:
        self.arguments = arguments
        self.consumer_tags.append(consumer_tag)
        self.deliver = callback

    def basic_ack(self, tag: int) -> None:
        self.said.append(("ack", tag))

    def basic_nack(self, tag: int, *, requeue: bool) -> None:
        self.said.append(("nack", (tag, requeue)))

    def basic_cancel(self, tag: str) -> None:
        self.said.append(("cancel", tag))

    def process_data_events(self, seconds: float) -> None: ...

    def close(self) -> None:
        self.closed = True


def consuming(fake: FakePika) -> tuple[Subscription, list[Delivery]]:
    delivered: list[Delivery] = []
    subscription = Subscription(SETTINGS, delivered.append, lambda: fake)
    subscription.consume()
    return subscription, delivered


def deliver(fake: FakePika, tag: int) -> None:
    method = SimpleNamespace(delivery_tag=tag, redelivered=False)
    fake.deliver(fake, method, pika.BasicProperties(message_id=f"task-{tag}"), b"x")


def test_prefetch_is_asked_for_before_the_consumer() -> None:
    fake = FakePika()
    consuming(fake)
    assert fake.said == [("qos", 4)]
    assert fake.consumer_tags == ["mail-7"]


def test_the_broker_waits_for_all_that_is_prefetched_and_a_while() -> None:
    consuming(fake := FakePika())
    assert fake.arguments == {"x-consumer-timeout": (4 * 600 + 300) * 1000}


def test_no_timeout_is_longer_than_the_broker_can_measure() -> None:
    longest = replace(SETTINGS, task_timeout_seconds=86_400, prefetch=100)
    assert consumer_timeout_ms(longest) == 2**32 - 1


@pytest.mark.parametrize(
    ("version", "counts"),
    [("3.10.8", True), ("4.0.5", True), ("4.3.0", False), ("4.10.1", False), ("", True)],
)
def test_each_delivery_says_whether_this_broker_counts_hand_backs(
    version: str, counts: bool
) -> None:
    _, delivered = consuming(fake := FakePika(version=version))
    deliver(fake, 1)
    assert delivered[0].nacks_count == counts


def test_another_thread_may_end_the_turn() -> None:
    subscription, _ = consuming(fake := FakePika())
    subscription.wake()
    assert fake.said[-1] == ("end of turn", -1)


def test_given_a_closed_channel_then_a_turn_says_so() -> None:
    subscription, _ = consuming(fake := FakePika())
    subscription.turn(0)
    fake.is_open = False
    with pytest.raises(ChannelLostError):
        subscription.turn(0)


def test_given_a_cancelled_consumer_then_a_turn_says_so() -> None:
    subscription, _ = consuming(fake := FakePika())
    fake.consumer_tags.clear()
    with pytest.raises(ConsumerLostError, match="'mail'"):
        subscription.turn(0)


def test_given_our_own_cancel_then_no_consumer_is_missed() -> None:
    subscription, _ = consuming(fake := FakePika())
    subscription.cancel()
    fake.consumer_tags.clear()
    subscription.turn(0)
    assert fake.said[-1] == ("cancel", "mail-7")


def test_given_an_absent_queue_then_the_connection_is_not_left_open() -> None:
    fake = FakePika(missing=True)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker):
        Subscription(SETTINGS, lambda _: None, lambda: fake)
    assert fake.closed


def test_given_a_new_channel_then_a_word_about_the_old_ones_tag_is_not_its_own() -> None:
    # Given two subscriptions in a row, each with a first delivery: tags count from 1 on both
    old, before = consuming(fake := FakePika())
    deliver(fake, 1)
    old.lose()
    new, after = consuming(other := FakePika())
    deliver(other, 1)
    # Then the old result belongs to nobody, and the new one to its own channel alone
    assert before[0].lost.is_set()
    assert not new.owns(before[0])
    assert not old.owns(before[0])
    assert new.owns(after[0])
    assert not after[0].lost.is_set()


def test_given_a_closed_channel_then_nothing_can_be_said_on_it() -> None:
    subscription, delivered = consuming(fake := FakePika())
    deliver(fake, 1)
    fake.is_open = False
    assert not subscription.owns(delivered[0])


def test_a_hand_back_asks_for_another_delivery() -> None:
    subscription, delivered = consuming(fake := FakePika())
    deliver(fake, 1)
    subscription.hand_back(delivered[0])
    assert fake.said[-1] == ("nack", (1, True))
    assert not subscription.held
