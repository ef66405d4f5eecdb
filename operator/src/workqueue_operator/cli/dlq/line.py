"""The few calls that dead letters need.

Letters are taken by a consumer and given back by closing the channel, and by nothing else: a
quorum queue puts back in order what one consumer had, but what came by basic.get in any order, and
what was handed back by basic.nack at its end (seen on RabbitMQ 4.0).
"""

from collections.abc import Sequence
from typing import Any

from workqueue_operator.cli.dlq.again import Message
from workqueue_operator.cli.dlq.calls import Calls
from workqueue_operator.cli.dlq.confirms import Confirms
from workqueue_operator.cli.dlq.held import Held
from workqueue_operator.cli.dlq.letter import Letter
from workqueue_operator.core.access import Access

CONFIRM_SECONDS = 30.0
QUIET_SECONDS = 1.0
"""After so long without a letter the broker is asked whether there are more."""
STALLED_SECONDS = 20.0
UNPROVEN = 24
"""A channel keeps back what exceeds 32 acknowledgements that a quorum queue has not worked on yet,
and forgets it when it closes (seen on RabbitMQ 4.0): so many are sent, and no more, before the
queue has answered something that it works on after them."""


class Line(Calls):
    """Used by one thread. Every method raises BrokerError when the broker refuses or is gone."""

    def __init__(self, access: Access, via: tuple[str, int] | None = None) -> None:
        """Connect. via: host and port that lead there, instead of the access's own."""
        super().__init__(access, via)
        self._confirms: Confirms | None = None
        self._held = Held()
        self._ahead: list[Letter] = []  # handed out and not asked for yet
        self._unproven = 0
        self._queues = ("", "")  # of the last letters: the dead ones' and the tasks'

    def take(self, dead_queue: str, queue: str, count: int) -> Sequence[Letter]:
        """Have so many handed out, or all there are. They are ours until we acknowledge or leave.

        queue: the work queue that they came from.
        """
        self._queues = (dead_queue, queue)
        found, self._ahead = self._ahead[:count], self._ahead[count:]
        if len(found) < count:
            found += self._handed_out(count - len(found))
        return found

    def _handed_out(self, count: int, *, wait: bool = True) -> list[Letter]:
        """By a consumer that is there for these alone.

        Exactly as many as are wanted: what comes after a consumer has left is handed back, and that
        would put it at the end of the queue. The queue works on the consumer's coming after all
        that we have sent before.
        """
        (dead_queue, queue), found = self._queues, list[Letter]()

        def keep(_channel: object, method: Any, properties: Any, body: bytes) -> None:
            letter = Letter(tag=method.delivery_tag, body=body, properties=properties, queue=queue)
            found.append(letter)
            self._held.add(letter.tag)
            self._loop.stop()

        self._ask(dead_queue, lambda done: self._channel.basic_qos(0, count, callback=done))
        tag = self._ask(
            dead_queue,
            lambda done: self._channel.basic_consume(dead_queue, keep, callback=done),
        ).method.consumer_tag
        self._unproven = 0
        if wait or self.waiting(dead_queue):
            self._fill(dead_queue, found, count)
        self._ask(dead_queue, lambda done: self._channel.basic_cancel(tag, callback=done))
        return found

    def publish(self, queue: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Publish all, and wait for the broker's word on each: True, it has it on disk.

        False: it refused it, or there is no such queue. Raises BrokerError when it said nothing.
        """
        confirms = self._confirming(queue)
        confirms.begin(messages)
        for message in messages:
            # Without `mandatory` the broker confirms what it then throws away.
            self._channel.basic_publish(
                "", queue, message.body, properties=message.properties, mandatory=True
            )
        self._about = queue
        self._wait(lambda: confirms.all_said, CONFIRM_SECONDS)
        return confirms.accepted()

    def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Remove these from their queue; settle() says when they are."""
        for tag, all_before in self._held.acknowledgements(letter.tag for letter in letters):
            if self._unproven >= UNPROVEN:
                self.settle()
            self._channel.basic_ack(tag, multiple=all_before)
            self._unproven += 1

    def settle(self) -> None:
        """Wait until the queue has removed what was acknowledged."""
        if self._unproven:
            self._ahead += self._handed_out(1, wait=False)

    def _fill(self, dead_queue: str, found: Sequence[Letter], count: int) -> None:
        """Wait for the letters, but not for those that somebody else was given."""
        quiet_seconds = 0.0
        while len(found) < count and quiet_seconds < STALLED_SECONDS:
            before = len(found)
            self._about = dead_queue
            if self._come_true(lambda: len(found) > before, QUIET_SECONDS):  # noqa: B023 - run now
                quiet_seconds = 0.0
                continue
            self._check()
            quiet_seconds += QUIET_SECONDS
            if not self.waiting(dead_queue) and len(found) == before:
                return

    def _confirming(self, queue: str) -> Confirms:
        if self._confirms is None:
            made = Confirms(self._loop.stop)
            self._channel.add_on_return_callback(made.on_return)
            self._ask(
                queue, lambda done: self._channel.confirm_delivery(made.on_confirm, callback=done)
            )
            self._confirms = made
        return self._confirms
