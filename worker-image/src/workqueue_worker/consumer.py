"""The I/O loop: owns the consumer's connection, and every word said on it.

A task is acknowledged after its work, on the channel that it came by, or not at all.
"""

from __future__ import annotations

import logging
import random
import time
from concurrent.futures import wait
from functools import partial

from workqueue_worker.connection import Connector
from workqueue_worker.failures import Failures
from workqueue_worker.handlers import Handler
from workqueue_worker.handover import Handover, close_when_open, open_in_thread
from workqueue_worker.logs import fields
from workqueue_worker.message import Delivery
from workqueue_worker.metrics import Metrics
from workqueue_worker.publisher import Publisher
from workqueue_worker.recording import Finished
from workqueue_worker.renewal import Renewal
from workqueue_worker.runner import Runner
from workqueue_worker.settings import Settings
from workqueue_worker.settlement import Settlement, TaskOverranError
from workqueue_worker.state import State
from workqueue_worker.stop import StopFlag
from workqueue_worker.subscription import Subscription
from workqueue_worker.troubles import EXPECTED, ConsumerLostError, TroubleLog

log = logging.getLogger(__name__)

TURN_SECONDS = 0.2
"""How long a signal may go unnoticed."""

READY_LOOK_SECONDS = 0.02
"""How soon it is seen that the handler has become ready."""

EXIT_DRAINED, EXIT_TASK_OVERRAN = 0, 124
"""124 as the program `timeout` has it."""


class Consumer:
    def __init__(
        self, settings: Settings, handler: Handler, metrics: Metrics, state: State, stop: StopFlag
    ) -> None:
        self._settings = settings
        self._handler = handler
        self._metrics = metrics
        self._state = state
        self._stop = stop
        self._subscription: Subscription | None = None
        self._subscriptions = 0
        self._troubles = TroubleLog()
        limit = settings.task_timeout_seconds
        name = f"{settings.pod_name} (publishes failed tasks)"
        self._connector = Connector(settings)
        somehow = partial(self._connector.open_somehow, name)
        self._publisher = Publisher(somehow, renewal=Renewal.of(settings))
        failures = Failures.of(settings, self._publisher)
        self._renewal = Renewal.of(settings)
        self._handover = Handover(self._renewal, self._open, metrics)
        self._settlement = Settlement(failures, metrics, limit_seconds=limit)
        self._runner = Runner(
            handler,
            failures,
            metrics,
            self._on_finished,
            limit_seconds=limit,
            soft_limit_seconds=settings.soft_timeout_seconds,
        )

    def run(self) -> int:
        """Work until told to stop, whatever the broker does. Returns the exit code."""
        self._runner.start()
        try:
            self._reconnect_until_stopped()
        except TaskOverranError:
            return EXIT_TASK_OVERRAN
        finally:
            self._lose_subscription()
            self._publisher.close(timeout_seconds=2)
        return EXIT_DRAINED

    @property
    def abandoned(self) -> bool:
        """Whether a thread still works on a task whose result nobody waits for."""
        return self._runner.busy

    def _reconnect_until_stopped(self) -> None:
        failed_in_a_row = -1
        while not self._stop.requested:
            try:
                self._serve(self._connect())
            except EXPECTED as error:
                lost = self._subscription
                failed_in_a_row = 0 if lost and lost.was_stable else failed_in_a_row + 1
                self._lose_subscription()
                if isinstance(error, ConsumerLostError):
                    self._metrics.cancelled.inc()
                trouble = self._troubles.tell(error, failed_in_a_row)
                self._wait(trouble.schedule.delay_seconds(failed_in_a_row, random.random))

    def _connect(self) -> Subscription | None:
        """Wait for a connection, or until told to stop: a broker may say nothing for a minute."""
        self._renewal.connecting()
        opening = open_in_thread(self._open)
        while not opening.done() and not self._stop.requested:
            self._state.promise_turn_within(30)
            self._look_at_runner(None)
            wait([opening], timeout=TURN_SECONDS)
        if self._stop.requested:
            close_when_open(opening)
            return None
        self._subscription = opening.result()
        self._renewal.connected()
        return self._subscription

    def _open(self) -> Subscription:
        connect = partial(self._connector.open, self._settings.pod_name)
        return Subscription(self._settings, self._on_delivery, connect)

    def _serve(self, subscription: Subscription | None) -> None:
        """Consume until told to stop, then drain. Whatever ends it otherwise is raised."""
        while subscription is not None and not self._stop.requested:
            # After a loss the old task may still be at work; no new one shall wait behind it.
            idle = not subscription.consuming and not self._runner.busy
            waiting = idle and not self._handler.ready()
            if idle and not waiting:
                self._start_consuming(subscription)
            self._turn(subscription, READY_LOOK_SECONDS if waiting else TURN_SECONDS)
            if self._handover.look():
                subscription = self._hand_over(subscription)
        if subscription is not None:
            self._drain(subscription)

    def _hand_over(self, old: Subscription) -> Subscription | None:
        """Finish on the old channel what came by it; the new one consumes only after that."""
        old.cancel()
        while old.held and not self._stop.requested:
            self._turn(old)
            self._handover.serve()
        if self._stop.requested:
            return old
        old.close()
        self._subscription = self._handover.take()
        log.info("the changed credentials are in use")
        return self._subscription or self._connect()

    def _start_consuming(self, subscription: Subscription) -> None:
        subscription.consume()
        self._state.consuming = True
        self._metrics.reconnects.inc(1 if self._subscriptions else 0)
        self._subscriptions += 1
        self._troubles.forget()
        log.info("consuming", extra=fields(queue=self._settings.queue))

    def _turn(self, subscription: Subscription, seconds: float = TURN_SECONDS) -> None:
        self._state.promise_turn_within(max(30, 3 * self._settings.heartbeat_seconds))
        subscription.turn(seconds)
        if self._stop.requested or self._handover.look():
            # Before a result is said: for that the queue sends the next task at once, crossing
            # the cancel, and a task that nobody receives any more counts as a worker's death.
            subscription.cancel()
        self._look_at_runner(subscription)

    def _look_at_runner(self, subscription: Subscription | None) -> None:
        if self._runner.crash is not None:
            raise self._runner.crash
        self._settlement.settle_finished(subscription)
        self._count_held(subscription)
        self._settlement.enforce_limit(subscription, self._runner)

    def _count_held(self, subscription: Subscription | None) -> None:
        self._state.busy = len(subscription.held) if subscription else 0
        self._metrics.inflight.set(self._state.busy)

    def _drain(self, subscription: Subscription) -> None:
        """Take nothing more, give back what has not begun, finish what has."""
        started = time.monotonic()
        self._state.draining = True
        self._state.consuming = False
        log.info("told to stop: draining", extra=fields(held=len(subscription.held)))
        self._runner.leave()
        subscription.cancel()
        self._settlement.hand_back_waiting(subscription, self._runner)
        while subscription.held:
            self._turn(subscription)
            self._metrics.drain_seconds.set(time.monotonic() - started)
        log.info("drained", extra=fields(seconds=round(time.monotonic() - started, 3)))

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stop.requested and time.monotonic() < until:
            self._state.promise_turn_within(30)
            self._look_at_runner(None)
            time.sleep(0.05)

    def _lose_subscription(self) -> None:
        self._handover.close()
        subscription, self._subscription = self._subscription, None
        self._state.consuming = False
        if subscription is not None:
            subscription.lose()
        self._count_held(None)

    def _on_delivery(self, delivery: Delivery) -> None:
        self._metrics.delivered(redelivered=delivery.redelivered)
        self._runner.submit(delivery)
        self._count_held(self._subscription)

    def _on_finished(self, finished: Finished) -> None:
        """Called in the runner's thread."""
        self._settlement.finished.put(finished)
        if subscription := self._subscription:
            subscription.wake()
