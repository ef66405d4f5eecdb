"""Reads many queues over one connection: passive declares on many channels at once.

pika keeps one question in flight per channel, so that the number of channels decides how many
round trips a sweep takes. A passive declare is the one reading of RabbitMQ that is never stale.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pika.exceptions import NoFreeChannels

from workqueue_operator.broker.lane import Lane
from workqueue_operator.broker.loop import Loop
from workqueue_operator.core.errors import BrokerError
from workqueue_operator.core.readings import Reading, Unknown

ANSWER_SECONDS = 5.0  # then the queue is Unknown, and its channel is dropped
SLOW_SECONDS = 0.25  # then the others no longer wait for it: it is reported by a later sweep
_LOOK_SECONDS = 0.1
_MOST_LANES = 100
_QUEUES_PER_LANE = 10
# A channel that waits for a hung queue cannot even be closed. So many, and we start afresh.
_MOST_STUCK = 200


def lanes_for(queues: int) -> int:
    """How many channels read so many queues: one for a few, 100 for a thousand and more."""
    return min(_MOST_LANES, max(1, -(-queues // _QUEUES_PER_LANE)))


class OpenLink(Protocol):
    """What a sweep needs of a link; link.Link is one."""

    connection: Any  # pika's
    lost: BrokerError | None

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        ...

    def give_up(self, why: str) -> BrokerError:
        """Drop the connection, and return the error to raise."""
        ...


class Sweeper:
    """Reads queues over one link. Belongs to the thread that runs the loop."""

    def __init__(
        self,
        link: OpenLink,
        loop: Loop,
        *,
        stopped: Callable[[], bool],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """stopped: looked at all the time; a sweep ends early when it comes true."""
        self._answer_seconds = answer_seconds
        self._link = link
        self._loop = loop
        self._stopped = stopped
        self._todo: deque[str] = deque()
        self._answers: dict[str, Reading] = {}
        self._lanes: set[Lane] = set()
        self._free: list[Lane] = []
        self._flying = 0
        self._slow = 0
        self._stuck: list[Lane] = []
        self._most_lanes = _MOST_LANES + _MOST_STUCK

    def sweep(self, queues: Iterable[str]) -> dict[str, Reading]:
        """Ask for each queue once, and return what is known since the last sweep.

        A queue that does not answer holds nobody up: it is left out, and reported by a later
        sweep, at the latest as Unknown after ANSWER_SECONDS.

        Raises:
            BrokerError: the connection was lost, or the broker answers nothing any more.
        """
        self._link.check()
        asked = {lane.queue for lane in self._lanes}
        self._todo.extend(queue for queue in queues if queue not in asked)
        wanted = lanes_for(len(self._todo))
        self._look(wanted)
        while self._free and self._todo:
            self._free.pop().feed()
        while not self._loop.run(_LOOK_SECONDS, until=self._swept):
            self._look(wanted)
        self._link.check()
        self._todo.clear()
        answers, self._answers = self._answers, {}
        return answers

    def _swept(self) -> bool:
        done = not self._todo and self._flying == self._slow
        return done or self._link.lost is not None or self._stopped()

    def _look(self, wanted: int) -> None:
        """Find the slow and the silent, and keep enough lanes that move."""
        now = time.monotonic()
        for lane in list(self._lanes):
            self._look_at(lane, now - lane.since)
        while len(self._lanes) - self._slow < wanted and len(self._lanes) < self._most_lanes:
            try:
                self._lanes.add(Lane(self, self._link.connection))
            except NoFreeChannels:
                self._most_lanes = len(self._lanes)
                if not self._lanes:
                    raise self._link.give_up("lets us open no channel") from None

    def _look_at(self, lane: Lane, waited_seconds: float) -> None:
        if lane.opening and waited_seconds >= self._answer_seconds:
            # To open a channel asks nothing of any queue: it is the connection that is silent.
            raise self._link.give_up(f"did not answer for {self._answer_seconds:.0f} s")
        if lane.queue is None or waited_seconds < SLOW_SECONDS:
            return
        if not lane.slow:
            lane.slow = True
            self._slow += 1
        if waited_seconds >= self._answer_seconds:
            self._drop(lane, lane.queue)

    def _drop(self, lane: Lane, queue: str) -> None:
        why = f"queue {queue!r} did not answer for {self._answer_seconds:.0f} s"
        self.answered(lane, Unknown(reason="NoAnswer", why=why, at=time.monotonic()))
        self._lanes.discard(lane)
        lane.leave()
        self._stuck = [*(one for one in self._stuck if not one.gone), lane]
        if len(self._stuck) > _MOST_STUCK:
            raise self._link.give_up(f"keeps {_MOST_STUCK} channels waiting, one for {queue!r}")

    # --- what the lanes report

    def next_queue(self) -> str | None:
        """The next one to ask for."""
        return self._todo.popleft() if self._todo else None

    def asked(self) -> None:
        """A lane has a question in flight."""
        self._flying += 1

    def answered(self, lane: Lane, reading: Reading) -> None:
        """A lane has its answer, of whatever kind."""
        if lane.queue is not None:
            self._answers[lane.queue] = reading
        self._flying -= 1
        self._slow -= lane.slow
        lane.queue, lane.slow = None, False

    def rests(self, lane: Lane) -> None:
        """A lane has nothing to do."""
        self._free.append(lane)
        if self._swept():
            self._loop.stop()

    def closed(self, lane: Lane) -> None:
        """The broker closed the channel of a lane, as it does after every refusal."""
        self._lanes.discard(lane)
        if lane in self._free:
            self._free.remove(lane)
        if self._todo and self._link.connection.is_open:
            self._lanes.add(Lane(self, self._link.connection))
        if self._swept():
            self._loop.stop()
