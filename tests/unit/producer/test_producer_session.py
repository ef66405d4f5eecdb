"""Turns of the session that no broker here can be made to take."""

from pathlib import Path
from typing import Any

from pika import exceptions

from workqueue_producer.desk import Desk
from workqueue_producer.errors import AccessError
from workqueue_producer.feed import Feed
from workqueue_producer.ledger import Ledger
from workqueue_producer.session import Hooks, Session
from workqueue_producer.settings import Access, Target
from workqueue_producer.source import Arguments

FORBIDDEN = exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED - access to queue refused")


class FakeChannel:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.calls.append(name)


class FakeConnection:
    """Opens channels at once, as an open connection does; its loop never runs."""

    is_closing = is_closed = False

    def __init__(self) -> None:
        self.channels: list[FakeChannel] = []
        self.closed = False
        self.ioloop = FakeChannel()

    def channel(self, *, on_open_callback: Any) -> None:
        self.channels.append(FakeChannel())
        on_open_callback(self.channels[-1])

    def close(self) -> None:
        self.closed = True


def a_session(connection: FakeConnection) -> Session:
    access = Access(host="h", port=5672, tls=False, vhost="/", username="u", password="p")
    target = Target(
        queue="tasks",
        vhost=None,
        broker_dir=Path("/nowhere"),
        content_type="text/plain",
        window=1,
        retry_seconds=0,
    )
    feed = Feed(Arguments([]))
    feed.stop()
    hooks = Hooks(ready=lambda: None, tick=lambda _: None, say=lambda _: None)
    session = Session(access, target, Desk(feed, Ledger(window=1, window_bytes=1)), hooks)
    session._connection = connection
    return session


def test_given_a_broker_that_forbids_looking_at_the_queue_then_it_publishes_without_looking() -> (
    None
):
    # Given RabbitMQ 4.2.7 or later, and a user who may only write to the default exchange
    connection = FakeConnection()
    session = a_session(connection)
    connection.channel(on_open_callback=session._on_channel)
    assert "queue_declare" in connection.channels[0].calls
    # When the broker closes the channel on the look
    session._on_channel_closed(connection.channels[0], FORBIDDEN)
    # Then a second channel goes straight to confirms: a missing queue would return the tasks
    assert "queue_declare" not in connection.channels[1].calls
    assert "confirm_delivery" in connection.channels[1].calls
    assert not connection.closed


def test_given_a_channel_that_is_forbidden_to_publish_then_there_is_no_second_try() -> None:
    connection = FakeConnection()
    session = a_session(connection)
    connection.channel(on_open_callback=session._on_channel)
    session._on_seen(None)
    session._on_channel_closed(connection.channels[0], FORBIDDEN)
    assert len(connection.channels) == 1
    assert connection.closed
    assert isinstance(session._fault, AccessError)
