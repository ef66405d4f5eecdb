"""The thread that works on tasks, one at a time. It never touches the consumer's connection."""

from __future__ import annotations

import logging
import math
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from workqueue_worker import backoff
from workqueue_worker.failures import Failures
from workqueue_worker.handlers import Handler
from workqueue_worker.logs import current_task, fields
from workqueue_worker.message import Delivery
from workqueue_worker.metrics import Metrics
from workqueue_worker.outcome import Outcome, Release, Retry, Ruling
from workqueue_worker.recording import Finished, Recorder
from workqueue_worker.task import Task

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    delivery: Delivery
    limit: float


class Runner:
    """Takes deliveries in order and calls `on_finished` (from its own thread) for each.

    One that lost its channel before it began is dropped; one that was settled at the hard limit
    meanwhile is, too. `crash` holds a bug of ours that ended the thread.
    """

    def __init__(
        self,
        handler: Handler,
        failures: Failures,
        metrics: Metrics,
        on_finished: Callable[[Finished], None],
        *,
        limit_seconds: float,
        soft_limit_seconds: float | None = None,
    ) -> None:
        self._handler = handler
        self._failures = failures
        self._metrics = metrics
        self._on_finished = on_finished
        self._limit_seconds = limit_seconds
        self._soft_limit_seconds = soft_limit_seconds
        self._released_in_a_row = 0
        self._told_of_steps = False
        self._waiting: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._late: list[Delivery] = []
        self._running: Running | None = None
        self._recorder = Recorder(failures)
        self.crash: BaseException | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="tasks", daemon=True).start()

    def submit(self, delivery: Delivery) -> None:
        """Begin it in its turn; after `leave` never, and take_back() gives it."""
        if self._recorder.leaving.is_set():
            self._late.append(delivery)
        else:
            self._waiting.put(delivery)

    def leave(self) -> None:
        """Wait for a broker no longer than it takes to ask it once."""
        self._recorder.leaving.set()

    def take_back(self) -> list[Delivery]:
        """Those that have not begun, and now will not."""
        taken, self._late = self._late, []
        while not self._waiting.empty():
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:  # the thread was faster: it has begun, and will be waited for
                break
        return taken

    @property
    def busy(self) -> bool:
        return self._running is not None

    def overrun(self) -> Delivery | None:
        """The task that is past its hard limit, if no handler of this kind ends itself."""
        running = self._running
        if running is None or self._handler.ends_itself or time.monotonic() < running.limit:
            return None
        return running.delivery

    def _run(self) -> None:
        try:
            while True:
                self._take(self._waiting.get())
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the I/O loop raises it
            self.crash = error

    def _take(self, delivery: Delivery) -> None:
        if delivery.lost.is_set():
            return
        self._running = Running(delivery, time.monotonic() + self._limit_seconds)
        token = current_task.set(delivery.task_id)
        try:
            self._work(delivery)
        finally:
            self._running = None
            current_task.reset(token)
        self._pause_after_release()

    def _work(self, delivery: Delivery) -> None:
        given_up = self._failures.rule_on_crashes(delivery)
        if given_up is not None and delivery.claim():
            self._settle(delivery, given_up)
            return
        self._observe_wait(delivery)
        started = time.monotonic()
        outcome = self._understood(delivery, self._handler.run(self._task(delivery, started)))
        seconds = time.monotonic() - started
        if not delivery.claim():
            log.warning("result came after the hard limit: discarded")
            return
        self._settle(delivery, self._failures.rule(delivery, outcome), seconds)

    def _task(self, delivery: Delivery, started: float) -> Task:
        soft = self._soft_limit_seconds
        seconds = self._limit_seconds if soft is None else soft
        return delivery.task(
            deadline=datetime.now(UTC) + timedelta(seconds=seconds),
            stop_at_seconds=math.inf if soft is None else started + soft,
        )

    def _understood(self, delivery: Delivery, outcome: Outcome) -> Outcome:
        """What ends programs from outside while this worker leaves is no failure of the task."""
        leaving = self._recorder.leaving.is_set() or delivery.lost.is_set()
        if isinstance(outcome, Retry) and outcome.killed and leaving:
            outcome = Release(f"{outcome.error}, while this worker is leaving")
        self._released_in_a_row += 1 if isinstance(outcome, Release) else -self._released_in_a_row
        if isinstance(outcome, Retry) and outcome.after_seconds and not self._told_of_steps:
            self._tell_of_steps()
        return outcome

    def _tell_of_steps(self) -> None:
        self._told_of_steps = True
        if not self._failures.rules.retry_delays_seconds:
            log.warning(
                "a handler asks for its task to be tried again later, and it goes to the end of "
                "its queue at once: give spec.worker.retry.delaysSeconds"
            )

    def _pause_after_release(self) -> None:
        """What made one task go back is likely to meet the next: do not turn in a tight loop."""
        if self._released_in_a_row == 0 or self._recorder.leaving.is_set():
            return
        seconds = backoff.RELEASE.delay_seconds(self._released_in_a_row - 1, random.random)
        log.info("task handed back: no other for a while", extra=fields(seconds=round(seconds, 1)))
        self._recorder.leaving.wait(seconds)

    def _settle(self, delivery: Delivery, ruling: Ruling, seconds: float | None = None) -> None:
        """Hand over at once: what else there is to say of the task, the I/O loop says later."""
        self._on_finished(self._recorder.record(delivery, ruling, seconds))

    def _observe_wait(self, delivery: Delivery) -> None:
        stamp = delivery.properties.timestamp  # seconds since 1970, whole ones
        if isinstance(stamp, int) and delivery.earlier_failures == 0:
            self._metrics.task_queue.observe(max(0.0, time.time() - stamp))
