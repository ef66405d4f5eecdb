"""Says to the broker what became of each task. Lives in the thread of the I/O loop."""

from __future__ import annotations

import logging
import queue
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol

from workqueue_worker.failures import Failures
from workqueue_worker.logs import fields
from workqueue_worker.message import Delivery
from workqueue_worker.metrics import Metrics
from workqueue_worker.outcome import HandBack, PublishAgain, Retry, label
from workqueue_worker.publisher import UNROUTABLE, PublishError
from workqueue_worker.recording import Finished
from workqueue_worker.runner import Runner

log = logging.getLogger(__name__)


class TaskOverranError(Exception):
    """A task is past its hard limit in a thread that nobody can end: the process must."""


class Channel(Protocol):
    """What is needed of a subscription."""

    def owns(self, delivery: Delivery) -> bool: ...
    def acknowledge(self, delivery: Delivery) -> None: ...
    def hand_back(self, delivery: Delivery) -> None: ...
    def cancel(self) -> None: ...
    def turn(self, seconds: float) -> None: ...


class Settlement:
    """`subscription` is None while there is no connection: results are stale then."""

    def __init__(self, failures: Failures, metrics: Metrics, *, limit_seconds: float) -> None:
        self.finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._failures = failures
        self._metrics = metrics
        self._limit_seconds = limit_seconds

    def settle_finished(self, subscription: Channel | None) -> None:
        """Settle all that the runner has finished since."""
        while not self.finished.empty():
            self._settle(subscription, self.finished.get())

    def hand_back_waiting(self, subscription: Channel, runner: Runner) -> None:
        """Give back, uncounted, the deliveries that have not begun."""
        ruling, moving = HandBack("this worker is leaving"), []
        for delivery in runner.take_back():
            if self._failures.moves_when_handed_back(delivery):
                moving.append((delivery, self._failures.move(delivery)))
            else:
                self._settle(subscription, Finished(delivery, ruling))
        for delivery, published in moving:
            refused = _await(published, subscription)
            self._settle(subscription, Finished(delivery, ruling, moved=refused is None))

    def enforce_limit(self, subscription: Channel | None, runner: Runner) -> None:
        """Look for a task that is past its hard limit and cannot be ended.

        Raises:
            TaskOverranError: there is one. Its failure is recorded and acknowledged by now, or
                the broker still has it, and gives it to somebody else when we leave.
        """
        delivery = runner.overrun()
        if delivery is None or not delivery.claim():
            return
        log.error(
            "the task is past its hard limit, and a thread cannot be ended: it counts as "
            "failed, and this worker leaves. Make the handler look at the task's deadline, or "
            "raise taskTimeoutSeconds",
            extra=fields(task=delivery.task_id, limit_seconds=self._limit_seconds),
        )
        if subscription is not None and subscription.owns(delivery):
            subscription.cancel()
            self.hand_back_waiting(subscription, runner)
            self._record_overrun(subscription, delivery)
        raise TaskOverranError

    def _record_overrun(self, subscription: Channel, delivery: Delivery) -> None:
        error = f"no result after {self._limit_seconds:g} s"
        ruling = self._failures.rule(delivery, Retry(error, timed_out=True))
        assert isinstance(ruling, PublishAgain), "a failure is published"  # noqa: S101 - a bug
        refused = _await(self._failures.publish(delivery, ruling), subscription)
        if refused is not None and refused.reason == UNROUTABLE and ruling.reason is None:
            # No retry queue: uncounted, the task would end one worker after the other.
            ruling = replace(ruling, queue=self._failures.rules.queue)
            refused = _await(self._failures.publish(delivery, ruling), subscription)
        told = ruling if refused is None else HandBack(str(refused))
        self._settle(subscription, Finished(delivery, told))

    def _settle(self, subscription: Channel | None, finished: Finished) -> None:
        if self._say(subscription, finished):
            log.info("task finished", extra=fields(**_told(finished)))
        else:
            self._metrics.stale_acks.inc()
            log.warning(
                "result discarded: the channel that the task came by is gone, and the broker "
                "gives the task to somebody else",
                extra=fields(**_told(finished)),
            )
        if finished.seconds is not None:
            self._metrics.finished(finished.seconds)

    def _say(self, subscription: Channel | None, finished: Finished) -> bool:
        """The word to the broker comes first: the rest is done while the next task comes.

        Returns whether anybody was there to be told.
        """
        delivery, ruling = finished.delivery, finished.ruling
        if subscription is None or not subscription.owns(delivery):
            return False
        if isinstance(ruling, HandBack) and not finished.moved:
            subscription.hand_back(delivery)
        else:
            subscription.acknowledge(delivery)
        self._metrics.settled(label(ruling))
        if isinstance(ruling, PublishAgain) and ruling.reason is not None:
            self._metrics.given_up(ruling.reason)
        return True


def _told(finished: Finished) -> dict[str, object]:
    story: dict[str, object] = {"task": finished.delivery.task_id}
    if finished.seconds is not None:
        story["seconds"] = round(finished.seconds, 3)
    story["outcome"] = label(finished.ruling)
    match finished.ruling:
        case HandBack(why):
            story["why"] = why
        case PublishAgain(queue=queue, failures=failures, error=error):
            story |= {"failures": failures, "error": error, "to": queue}
    return story


def _await(published: Future[None], subscription: Channel) -> PublishError | None:
    """Serve the connection until the broker has confirmed the message, or will not."""
    while not published.done():
        subscription.turn(0.05)
    try:
        published.result()
    except PublishError as refused:
        return refused
    return None
