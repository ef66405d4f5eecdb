"""Reads many queues over one connection, by passive declares: the one reading never stale.

Queues that answered well the last time share one channel with many questions in flight (pipe.py).
New, refused and slow ones have lanes (lanes.py): what befalls them there holds up nobody.
"""

import logging
import time
from collections.abc import Callable, Iterable

from pika.exceptions import NoFreeChannels

from workqueue_operator.broker import passive
from workqueue_operator.broker.lanes import ANSWER_SECONDS, SLOW_SECONDS, Lanes
from workqueue_operator.broker.link import OpenLink
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.pipe import Pipe
from workqueue_operator.core.readings import Known, Reading

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_told_of: set[str] = set()  # this process said so already, and it is true of every connection


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
        self._link = link
        self._loop = loop
        self._stopped = stopped
        self._answer_seconds = answer_seconds
        self._answers: dict[str, Reading] = {}
        self._good: set[str] = set()  # answered well the last time
        self._lanes = Lanes(self, link, answer_seconds=answer_seconds)
        self._pipe: Pipe | None = None
        self._broken = False  # the pipe's channel is of no use any more
        self._may_pipe = _may_pipe(link)

    def sweep(self, queues: Iterable[str]) -> dict[str, Reading]:
        """Ask for each queue once, and return what is known since the last sweep.

        A queue that does not answer holds nobody up: it is left out, and reported by a later
        sweep, at the latest as Unknown after ANSWER_SECONDS.

        Raises:
            BrokerError: the connection was lost, or the broker answers nothing any more.
        """
        self._link.check()
        self._ask(queues)
        while not self._swept():
            self._loop.run(_LOOK_SECONDS, until=lambda: self._broken or self._swept())
            self._look()
        self._link.check()
        self._lanes.forget()
        answers, self._answers = self._answers, {}
        return answers

    def forget(self, queues: Iterable[str]) -> None:
        """These are not read any more."""
        gone = set(queues)
        self._good -= gone
        self._lanes.unwatch(gone)

    def _ask(self, queues: Iterable[str]) -> None:
        asking = self._lanes.asking()
        self._lanes.look()
        wanted = [queue for queue in queues if queue not in asking]
        self._lanes.ask(queue for queue in wanted if queue not in self._good)
        self._ask_together([queue for queue in wanted if queue in self._good])

    def _ask_together(self, queues: list[str]) -> None:
        """Over one channel, which is opened if need be; if there is none to be had, over lanes."""
        if queues and self._may_pipe and self._pipe is None:
            try:
                self._pipe = Pipe(self, self._link.connection)
            except NoFreeChannels:
                self._may_pipe = False
        if self._pipe is None:
            self._lanes.ask(queues)
        else:
            self._pipe.ask(queues)

    def _swept(self) -> bool:
        done = self._lanes.done and (self._pipe is None or self._pipe.idle)
        return done or self._link.lost is not None or self._stopped()

    def _look(self) -> None:
        """Find who is silent. Raises BrokerError when it is the whole connection."""
        if self._link.lost is not None:
            return
        self._lanes.look()
        pipe = self._pipe
        if pipe is None:
            return
        silent_seconds = pipe.silent_seconds(time.monotonic())
        if self._broken:
            self._scatter(pipe)
        elif pipe.opening:
            if silent_seconds >= self._answer_seconds:
                raise self._link.give_up(f"did not answer for {self._answer_seconds:.0f} s")
        elif silent_seconds >= SLOW_SECONDS:
            self._scatter(pipe)

    def _scatter(self, pipe: Pipe) -> None:
        """Ask each queue in flight by itself: one of them holds up, or took away, the others'."""
        asked, unasked = pipe.leave()
        self._pipe, self._broken = None, False
        self._good.difference_update(asked)
        if not pipe.gone:
            self._lanes.leave_stuck(pipe, next(iter(asked), ""))
        self._lanes.ask(asked)
        self._ask_together(unasked)

    # --- what the lanes and the pipe report

    def heard(self, queue: str, reading: Reading, *, slow: bool) -> None:
        """The answer about one queue."""
        self._answers[queue] = reading
        if slow or not isinstance(reading, Known):
            self._good.discard(queue)
        else:
            self._good.add(queue)

    def drained(self) -> None:
        """Perhaps everything is answered."""
        if self._swept():
            self._loop.stop()

    def broken(self) -> None:
        """The channel with many questions in flight is of no use any more."""
        # Seen to outside of pika's callback: channels are opened for it, and that may fail.
        self._broken = True
        self._loop.stop()


def _may_pipe(link: OpenLink) -> bool:
    """Does this pika let many questions fly on one channel? If not, say so once."""
    why = passive.trouble(link.connection)
    if why is not None and why not in _told_of:
        _told_of.add(why)
        log.warning("queues are read over many channels, which costs three times as much: %s", why)
    return why is None
