"""Many channels with one question in flight on each: a refusal or a slow queue costs only its own.

pika's public way of asking. New, refused and slow queues are read like that, and all the others,
too, should pika not let us do better.

A queue that does not answer keeps its lane until it does: a broker says nothing for a minute of a
classic queue whose node is down, and to ask again would only cost another channel meanwhile.
"""

import time
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from pika.exceptions import NoFreeChannels

from workqueue_operator.broker.lane import HasGone, Lane
from workqueue_operator.broker.link import OpenLink
from workqueue_operator.core.readings import Known, Reading, Unknown

ANSWER_SECONDS = 5.0  # then the queue is Unknown
SLOW_SECONDS = 0.25  # then the others no longer wait for it: it is reported by a later sweep
_MOST_LANES = 100
_QUEUES_PER_LANE = 10
# So many queues may be waited for. Each costs the broker, which looks again and again; the others
# that did not answer the last time are Unknown without a question.
_MOST_WAITING = 100
# A channel that waits for a hung queue cannot even be closed. So many, and we start afresh.
_MOST_STUCK = 1000


def lanes_for(queues: int) -> int:
    """How many channels read so many queues: one for a few, 100 for a thousand and more."""
    return min(_MOST_LANES, max(1, -(-queues // _QUEUES_PER_LANE)))


class LanesOwner(Protocol):
    """Who hears what the lanes learn."""

    def heard(self, queue: str, reading: Reading, *, slow: bool) -> None:
        """The answer about one queue; slow: it took longer than SLOW_SECONDS."""
        ...

    def drained(self) -> None:
        """Perhaps every question is answered."""
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
        self._silent: dict[str, float] = {}  # did not answer the last time; when that was told
        self._stuck: list[HasGone] = []
        self._most_lanes = _MOST_LANES + _MOST_WAITING

    @property
    def done(self) -> bool:
        """Is every question answered, but those about slow queues, and those that have no lane?"""
        return (not self._todo or self._is_full()) and self._flying == self._slow

    def asking(self) -> set[str | None]:
        """The queues that have been asked for, and did not answer yet."""
        return {lane.queue for lane in self._lanes}

    def ask(self, queues: Iterable[str]) -> None:
        """Ask for these, too. Raises BrokerError."""
        room = _MOST_WAITING - self._slow
        for queue in queues:
            if queue not in self._silent or room > 0:
                self._todo.append(queue)
                room -= queue in self._silent
            elif time.monotonic() - self._silent[queue] >= self._answer_seconds:
                self._tell_silent(queue)
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

    def unwatch(self, queues: Iterable[str]) -> None:
        """These are not read any more."""
        for queue in queues:
            self._silent.pop(queue, None)

    def look(self) -> None:
        """Find the slow and the silent, and keep enough lanes that move. Raises BrokerError."""
        now = time.monotonic()
        for lane in list(self._lanes):
            self._look_at(lane, now)
        # While somebody is waited for one lane must move, or be open: that shows whether it is
        # the queue that is silent, or the connection.
        self._wanted = max(self._wanted, 1 if self._slow else 0)
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

    def _is_full(self) -> bool:
        return self._slow == len(self._lanes) >= self._most_lanes

    def _look_at(self, lane: Lane, now: float) -> None:
        waited_seconds = now - lane.since
        if lane.opening and waited_seconds >= self._answer_seconds:
            # To open a channel asks nothing of any queue: it is the connection that is silent.
            raise self._link.give_up(f"did not answer for {self._answer_seconds:.0f} s")
        if lane.queue is None or waited_seconds < SLOW_SECONDS:
            return
        if not lane.slow:
            lane.slow = True
            self._slow += 1
        if now - lane.told >= self._answer_seconds:
            lane.told = now
            self._tell_silent(lane.queue)
            if self._slow > _MOST_WAITING:
                self._drop(lane, lane.queue)

    def _tell_silent(self, queue: str) -> None:
        now = self._silent[queue] = time.monotonic()
        why = f"queue {queue!r} did not answer for {self._answer_seconds:.0f} s"
        self._owner.heard(queue, Unknown(reason="NoAnswer", why=why, at=now), slow=True)

    def _drop(self, lane: Lane, queue: str) -> None:
        """Wait no more for an answer: others are waited for, too many of them."""
        self._settled(lane)
        self._lanes.discard(lane)
        lane.leave()
        self.leave_stuck(lane, queue)

    def _settled(self, lane: Lane) -> None:
        self._flying -= 1
        self._slow -= lane.slow
        lane.queue, lane.slow = None, False

    # --- what the lanes report

    def next_queue(self) -> str | None:
        """The next one to ask for."""
        return self._todo.popleft() if self._todo else None

    def asked(self, lane: Lane) -> None:
        """A lane has a question in flight; nobody waits for a queue that was silent before."""
        self._flying += 1
        if lane.queue in self._silent:
            lane.slow = True
            self._slow += 1

    def answered(self, lane: Lane, reading: Reading) -> None:
        """A lane has its answer, of whatever kind."""
        if lane.queue is not None:
            self._owner.heard(lane.queue, reading, slow=lane.slow)
            if isinstance(reading, Known):
                self._silent.pop(lane.queue, None)
        self._settled(lane)

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
