"""Connects again for as long as that may help, and knows when to give up."""

import random
import time
from dataclasses import dataclass

from workqueue_producer.desk import Desk
from workqueue_producer.dial import connection_parameters
from workqueue_producer.errors import (
    BrokerLostError,
    PublishError,
    SettingsError,
    StalledError,
    StoppedError,
)
from workqueue_producer.progress import Progress, Snapshot
from workqueue_producer.session import Hooks, Session
from workqueue_producer.settings import Target, read_access

SHORTEST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
FLUSH_SECONDS = 10.0
"""How long a stopped producer waits for the confirms that are still open."""
LEAST_STALL_SECONDS = 30.0
"""A connected broker gets at least this long to confirm something."""


@dataclass(slots=True)
class Interrupt:
    """Set by signal handlers: the first asks for an orderly end, the second for an end."""

    signals: int = 0

    def ask(self, *_: object) -> None:
        self.signals += 1


class Publisher:
    """Runs sessions one after the other until the desk is done or the patience is.

    "Well" is a broker that answers: connected, and either nothing is waiting for a confirm or
    some have come. All patience is measured from the last moment when all was well.
    """

    def __init__(
        self, target: Target, desk: Desk, progress: Progress, interrupt: Interrupt
    ) -> None:
        self.fault: PublishError | None = None
        self._target = target
        self._desk = desk
        self._progress = progress
        self._interrupt = interrupt
        self._well_at = self._started_at = time.monotonic()
        self._first_ready_at: float | None = None
        self._ended_seen = 0
        self._pause_seconds = SHORTEST_PAUSE_SECONDS
        self._complaint = ""
        self._stop_by: float | None = None

    def run(self) -> None:
        """Publish everything. Afterwards the ledger is closed, and `fault` says what went wrong."""
        while True:
            fault = self._one_session()
            self._desk.ledger.new_channel()
            if fault is None or not self._try_again(fault):
                break
        self.fault = None if self._desk.done else fault
        self._desk.ledger.give_up()
        self._show(time.monotonic())  # the bar's last state is the true one

    def seconds_publishing(self, now: float) -> float:
        """Seconds since a session was ready for tasks first; 0 when none was."""
        return 0.0 if self._first_ready_at is None else now - self._first_ready_at

    def _one_session(self) -> PublishError | None:
        try:  # read anew each time: a Secret that changes meanwhile is followed
            target = self._target
            access = read_access(target.broker_dir, target.vhost, target.tls_dir)
            dial = connection_parameters(access, self._stall_seconds)
        except SettingsError as error:
            return BrokerLostError(str(error))
        hooks = Hooks(ready=self._note_ready, tick=self._tick, say=self._progress.say)
        return Session(access, target, self._desk, hooks).run(dial)

    def _try_again(self, fault: PublishError) -> bool:
        """Wait for the next attempt, unless it would be of no use."""
        left = self._target.retry_seconds - (time.monotonic() - self._well_at)
        if not fault.transient or left <= 0 or self._stop_now():
            return False
        pause = min(left, self._pause_seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
        self._complain(f"{fault}", left)
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, self._pause_seconds * 2)
        return self._sleep(pause)

    def _complain(self, words: str, seconds_left: float) -> None:
        """Say why we wait: once, and again only when the reason is another one."""
        if words != self._complaint:
            self._complaint = words
            self._progress.say(f"{words}; trying again for {seconds_left:.0f} s")

    def _sleep(self, seconds: float) -> bool:
        """Sleep in short steps, so that a signal is noticed; False when it says to leave."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if self._stop_now():
                return False
            self._show(now)
            time.sleep(min(0.1, until - now))
        return True

    def _stop_now(self) -> bool:
        """Whether to leave although tasks may be unconfirmed."""
        self._note_signals(time.monotonic())
        return self._desk.done or (self._stop_by is not None and time.monotonic() >= self._stop_by)

    def _note_signals(self, now: float) -> None:
        if self._interrupt.signals and not self._desk.stopping:
            self._desk.stopping = True
            self._stop_by = now + FLUSH_SECONDS
            self._progress.say("stopping: waiting for the confirms that are still open")
        if self._interrupt.signals > 1:
            self._stop_by = now

    def _tick(self, session: Session) -> PublishError | None:
        now = time.monotonic()
        self._note_well(session, now)
        self._show(now)
        if self._stop_now():
            return None if self._desk.done else StoppedError("stopped before all was confirmed")
        if session.ready and not session.blocked and now - self._well_at > self._stall_seconds:
            return StalledError(
                f"the broker is connected, but has confirmed nothing for {self._stall_seconds:.0f} "
                f"s: a quorum queue without a majority of its nodes does that"
            )
        return None

    def _note_ready(self) -> None:
        if self._first_ready_at is None:
            self._first_ready_at = time.monotonic()

    def _note_well(self, session: Session, now: float) -> None:
        ledger = self._desk.ledger
        if session.ready and (not ledger.waiting or ledger.ended != self._ended_seen):
            self._well_at = now
            self._pause_seconds = SHORTEST_PAUSE_SECONDS
            self._complaint = ""
        self._ended_seen = ledger.ended

    def _show(self, now: float) -> None:
        self._progress.show(
            Snapshot.of(self._desk, queue=self._target.queue, now=now - self._started_at)
        )

    @property
    def _stall_seconds(self) -> float:
        return max(self._target.retry_seconds, LEAST_STALL_SECONDS)
