"""Many channels with one question in flight on each: a refusal or a slow queue costs only its own.

pika's public way of asking. New, refused and slow queues are read like that, and all the others,
too, should pika not let us do better.
"""

import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from pika.exceptions import NoFreeChannels

from workqueue_operator.broker.lane import Lane
from workqueue_operator.core.errors import BrokerError
from workqueue_operator.core.readings import Reading, Unknown

ANSWER_SECONDS = 5.0  # then the queue is Unknown, and its channel is dropped
SLOW_SECONDS = 0.25  # then the others no longer wait for it: it is reported by a later sweep
_MOST_LANES = 100
_QUEUES_PER_LANE = 10
# A channel that waits for a hung queue cannot even be closed. So many, and we start afresh.
_MOST_STUCK = 200


def lanes_for(queues: int) -> int:
    """How many channels read so many queues: one for a few, 100 for a thousand and more."""
    return min(_MOST_LANES, max(1, -(-queues // _QUEUES_PER_LANE)))


class OpenLink(Protocol):
    """What reading needs of a link; link.Link is one."""

    connection: Any  # pika's
    lost: BrokerError | None

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        ...

    def give_up(self, why: str) -> BrokerError:
        """Drop the connection, and return the error to raise."""
        ...


class LanesOwner(Protocol):
    """Who hears what the lanes learn."""

    def heard(self, queue: str, reading: Reading, *, slow: bool) -> None:
        """The answer about one queue; slow: it took longer than SLOW_SECONDS."""
        ...

    def drained(self) -> None:
        """Perhaps every question is answered."""
        ...


class HasGone(Protocol):
    """A channel that was left."""

    @property
    def gone(self) -> bool:
        """Has the broker agreed that it is closed?"""
        ...


class Lanes:
    """The lanes of one link, kept open for the next sweep."""

    def __init__(self, owner: LanesOwner, link: OpenLink, *, answer_seconds: float) -> None:
        self._owner = owner
        self._link = link
        self._answer_seconds = answer_seconds
        self._todo: deque[str] = deque()
        self._wanted = 0
        self._lanes: set[Lane] = set()
        self._free: list[Lane] = []
        self._flying = 0
        self._slow = 0
        self._stuck: list[HasGone] = []
        self._most_lanes = _MOST_LANES + _MOST_STUCK

    @property
    def done(self) -> bool:
        """Is every question answered, but those about slow queues?"""
        return not self._todo and self._flying == self._slow

    def asking(self) -> set[str | None]:
        """The queues that have been asked for, and did not answer yet."""
        return {lane.queue for lane in self._lanes}

    def ask(self, queues: Iterable[str]) -> None:
        """Ask for these, too. Raises BrokerError."""
        self._todo.extend(queues)
        if not self._todo:
            return
        self._wanted = lanes_for(len(self._todo))
        self._open()
        while self._free and self._todo:
            self._free.pop().feed()

    def forget(self) -> None:
        """Ask for nothing more than what is being asked for."""
        self._todo.clear()
        self._wanted = 0

    def look(self) -> None:
        """Find the slow and the silent, and keep enough lanes that move. Raises BrokerError."""
        now = time.monotonic()
        for lane in list(self._lanes):
            self._look_at(lane, now - lane.since)
        self._open()

    def leave_stuck(self, channel: HasGone, queue: str) -> None:
        """Remember a channel that waits for a queue. Raises BrokerError when it is one too many."""
        self._stuck = [*(one for one in self._stuck if not one.gone), channel]
        if len(self._stuck) > _MOST_STUCK:
            raise self._link.give_up(f"keeps {_MOST_STUCK} channels waiting, one for {queue!r}")

    def _open(self) -> None:
        while len(self._lanes) - self._slow < self._wanted and len(self._lanes) < self._most_lanes:
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
        self.leave_stuck(lane, queue)

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
            self._owner.heard(lane.queue, reading, slow=lane.slow)
        self._flying -= 1
        self._slow -= lane.slow
        lane.queue, lane.slow = None, False

    def rests(self, lane: Lane) -> None:
        """A lane has nothing to do."""
        self._free.append(lane)
        self._owner.drained()

    def closed(self, lane: Lane) -> None:
        """The broker closed the channel of a lane, as it does after every refusal."""
        self._lanes.discard(lane)
        if lane in self._free:
            self._free.remove(lane)
        if self._todo and self._link.connection.is_open:
            self._lanes.add(Lane(self, self._link.connection))
        self._owner.drained()
