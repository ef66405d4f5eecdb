"""Gets a task to where it goes on, in the runner's thread, before it may be acknowledged."""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace

from workqueue_worker import backoff
from workqueue_worker.failures import Failures
from workqueue_worker.logs import fields
from workqueue_worker.message import Delivery
from workqueue_worker.outcome import HandBack, PublishAgain, Ruling
from workqueue_worker.publisher import UNROUTABLE, PublishError

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
"""How long a pause may outlast the task's channel."""

UNCONFIRMED_SECONDS = 30
"""How long a broker that says nothing is waited for by a worker that leaves: it gives back what
may be there already. Longer than a connection takes, or a broker with an alarm."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that the I/O loop may now settle.

    `moved`: the broker has confirmed a message that takes its place, so it is acknowledged
    although the ruling is a hand-back. `seconds`: what the handler took, if it began.
    """

    delivery: Delivery
    ruling: Ruling
    moved: bool = False
    seconds: float | None = None


class Recorder:
    """`leaving` ends its pauses: a worker that is told to leave does not wait for the broker."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._refused_in_a_row = 0
        self.leaving = threading.Event()

    def record(self, delivery: Delivery, ruling: Ruling, seconds: float | None = None) -> Finished:
        """Publish what has to be; returns once the broker has it, or will not get it any more."""
        moved = False
        match ruling:
            case HandBack():
                moved = self._moved(delivery)
            case PublishAgain():
                ruling = self._published(delivery, ruling)
        return Finished(delivery, ruling, moved=moved, seconds=seconds)

    def _moved(self, delivery: Delivery) -> bool:
        if delivery.lost.is_set() or not self._failures.moves_when_handed_back(delivery):
            return False
        try:
            self._await(delivery, self._failures.move(delivery))
        except PublishError as error:
            log.warning("handed back in place, which the broker counts: %s", error)
            return False
        return True

    def _published(self, delivery: Delivery, ruling: PublishAgain) -> Ruling:
        """Keep the task until it is published: handed back, its work would be done again.

        A lost task is delivered again as it was: publishing it as well would make two of it.
        """
        target = ruling
        while not delivery.lost.is_set():
            try:
                self._await(delivery, self._failures.publish(delivery, target))
            except PublishError as error:
                why = f"could not be published to {target.queue!r}: {error}"
                if self.leaving.is_set():
                    return HandBack(why)
                self._pause(delivery, why)
                if error.reason == UNROUTABLE and ruling.reason is None:
                    target = self._at_once(ruling, target)
            else:
                if target is ruling:
                    self._refused_in_a_row = 0
                return target
        return ruling

    def _await(self, delivery: Delivery, published: Future[None]) -> None:
        """Wait for the confirm, which a queue without a majority of its nodes does not give."""
        waiting = wait([published], 0).not_done
        while waiting and not (self.leaving.is_set() or delivery.lost.is_set()):
            waiting = wait([published], LOOK_SECONDS).not_done
        if waiting and wait([published], UNCONFIRMED_SECONDS).not_done:
            raise PublishError("Unconfirmed", "the broker has not said whether it has the task")
        published.result()

    def _at_once(self, ruling: PublishAgain, refused: PublishAgain) -> PublishAgain:
        """Without its retry queue a task goes to the end of its own: the pause was its delay."""
        own = self._failures.rules.queue
        return ruling if refused.queue == own else replace(ruling, queue=own)

    def _pause(self, delivery: Delivery, why: str) -> None:
        seconds = backoff.PUBLISH.delay_seconds(self._refused_in_a_row, random.random)
        self._refused_in_a_row += 1
        log.error(
            "a failed task %s. It is kept and tried again; this worker takes no other meanwhile",
            why,
            extra=fields(pause_seconds=round(seconds, 1)),
        )
        for _ in range(max(1, round(seconds / LOOK_SECONDS))):
            if delivery.lost.is_set() or self.leaving.wait(LOOK_SECONDS):
                return
