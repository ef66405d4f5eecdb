"""One connection, from dialling to its end: the only module that drives pika.

Confirms are pipelined: the loop publishes as long as the ledger has room and books the confirms
as they come, instead of waiting a round trip for each.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pika
from pika import exceptions

from workqueue_producer import faults
from workqueue_producer.desk import Desk
from workqueue_producer.errors import PublishError
from workqueue_producer.settings import Access, Target
from workqueue_producer.tasks import Task

TICK_SECONDS = 0.1
CLOSING_SECONDS = 3
PERSISTENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the publisher wants to know. `tick` returns an error to end the session with."""

    ready: Callable[[], None]
    tick: Callable[["Session"], PublishError | None]
    say: Callable[[str], None]


class Session:
    """Publishes until the desk is done or the connection ends. Used once."""

    def __init__(self, access: Access, target: Target, desk: Desk, hooks: Hooks) -> None:
        self.ready = False
        self.blocked = False
        self._access = access
        self._target = target
        self._desk = desk
        self._hooks = hooks
        self._fault: PublishError | None = None
        self._closing = False
        self._looking = True
        self._connection: pika.SelectConnection
        self._channel: pika.channel.Channel

    def run(self, dial: pika.ConnectionParameters) -> PublishError | None:
        """Connect, publish, close. dial: as dial.connection_parameters makes it.

        Returns:
            None when the desk is done, else why the connection ended. What it had not confirmed
            is still in the ledger.
        """
        self._connection = pika.SelectConnection(
            dial,
            on_open_callback=self._on_connected,
            on_open_error_callback=self._on_ended,
            on_close_callback=self._on_ended,
        )
        loop = self._connection.ioloop
        self._desk.feed.on_ready = lambda: loop.add_callback_threadsafe(self._pump)
        self._tick()
        try:
            loop.start()
        finally:
            self._desk.feed.on_ready = lambda: None
            loop.close()
        return self._fault

    # --- the way up: connection, channel, a look at the queue, confirms on

    def _on_connected(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: pika.channel.Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_returned)
        if self._looking:
            channel.queue_declare(self._target.queue, passive=True, callback=self._on_seen)
        else:
            self._on_seen(None)

    def _on_seen(self, _: object) -> None:
        self._looking = False
        self._channel.confirm_delivery(self._on_confirm, callback=self._on_confirming)

    def _on_confirming(self, _: object) -> None:
        self.ready = True
        self._hooks.ready()
        self._pump()

    # --- work

    def _pump(self) -> None:
        """Publish as much as the window allows; close when nothing is left."""
        while self.ready and not self.blocked and (task := self._desk.next_task()):
            self._publish(task)
        if self.ready and self._desk.done:
            self._close(None)

    def _publish(self, task: Task) -> None:
        self._channel.basic_publish(
            exchange="",
            routing_key=self._target.queue,
            body=task.body,
            mandatory=True,
            properties=pika.BasicProperties(
                message_id=task.id,
                timestamp=int(time.time()),
                delivery_mode=PERSISTENT,
                content_type=self._target.content_type,
            ),
        )

    def _on_confirm(self, frame: pika.frame.Method) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Ack):
            self._desk.ledger.confirmed(method.delivery_tag, multiple=method.multiple)
        else:
            self._desk.ledger.nacked(method.delivery_tag, multiple=method.multiple)
        self._pump()

    def _on_returned(
        self, _channel: object, _method: object, properties: pika.BasicProperties, _body: bytes
    ) -> None:
        self._desk.ledger.returned(properties.message_id)

    def _tick(self) -> None:
        """Ask the publisher whether to go on, ten times a second; it also draws the progress."""
        fault = self._hooks.tick(self)
        if fault is not None or (self._desk.stopping and self._desk.done):
            self._close(fault)
        else:
            self._pump()
        self._connection.ioloop.call_later(TICK_SECONDS, self._tick)

    def _on_blocked(self, _connection: object, frame: pika.frame.Method) -> None:
        self.blocked = True
        self._hooks.say(f"the broker blocks publishers ({frame.method.reason}): waiting")

    def _on_unblocked(self, _connection: object, _frame: object) -> None:
        self.blocked = False
        self._hooks.say("the broker takes tasks again")
        self._pump()

    # --- the way down

    def _on_channel_closed(self, _channel: object, reason: Exception) -> None:
        if not isinstance(reason, exceptions.ChannelClosedByBroker):
            return  # the connection is ending, and says why itself
        self.ready = False
        if self._looking and faults.is_forbidden_look(reason.reply_code):
            self._looking = False  # it may still publish, and a missing queue returns the task
            self._connection.channel(on_open_callback=self._on_channel)
            return
        self._close(
            faults.from_channel(
                reason.reply_code,
                reason.reply_text,
                queue=self._target.queue,
                vhost=self._access.vhost,
            )
        )

    def _close(self, fault: PublishError | None) -> None:
        """Say goodbye, but do not wait for ever for the answer."""
        if self._closing:
            return
        self._closing = True
        self.ready = False
        self._fault = fault
        loop = self._connection.ioloop
        loop.call_later(CLOSING_SECONDS, loop.stop)
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _on_ended(self, connection: pika.SelectConnection, reason: Exception) -> None:
        self.ready = False
        if not self._closing:
            self._fault = faults.from_connection(reason, self._access)
        connection.ioloop.stop()
