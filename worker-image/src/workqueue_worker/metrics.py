"""The worker's own numbers, in Prometheus' base units. Never labelled by task."""

from __future__ import annotations

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from workqueue_worker.outcome import Reason

OUTCOMES = ("ok", "retry", "dead", "release", "timeout")
REASONS: tuple[Reason, ...] = ("MaxAttempts", "DeadLetter", "MaxCrashes")
DURATION_BUCKETS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 1800, 3600)

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs is untyped


class Metrics:
    """One registry per worker. Every series exists from the start: a zero is not an absence."""

    def __init__(self, *, queue: str, handler_kind: str) -> None:
        self.registry = CollectorRegistry()
        self._queue = queue
        prometheus_client.ProcessCollector(registry=self.registry)
        self._tasks = self._labelled_counter(
            "tasks",
            "Tasks settled, by outcome; ok is acknowledged, release is handed back uncounted",
            outcome=OUTCOMES,
        )
        self._dead = self._labelled_counter(
            "dead_letters", "Tasks given up, by reason; they are `dead` above", reason=REASONS
        )
        self._task_duration = self._histogram("task_duration", "How long handlers took")
        self.worked = (0, 0.0)
        """Tasks that handlers have finished, and the seconds they took: one pair, read as one."""
        self.deliveries = (0, 0)
        """All that the broker delivered, and those of them that somebody had before."""
        self.task_queue = self._histogram("task_queue", "From the publisher's stamp to the start")
        self.inflight = self._gauge("inflight", "Tasks held and not yet settled")
        self.drain_seconds = self._gauge("drain_seconds", "Since this worker was told to leave")
        self.redelivered = self._counter("redelivered", "Deliveries that somebody had before")
        self.reconnects = self._counter("broker_reconnects", "Connections after the first")
        self.cancelled = self._counter("consumer_cancelled", "Consumers cancelled by the broker")
        self.credentials_refused = self._counter(
            "credentials_refused", "Changed credentials that gave no connection"
        )
        self.stale_acks = self._counter("stale_acks", "Results discarded: their channel was gone")
        info = Gauge(
            "workqueue_worker_handler_info",
            "1, labelled with the kind of handler",
            ["queue", "kind"],
            registry=self.registry,
        )
        info.labels(queue, handler_kind).set(1)

    def settled(self, outcome: str) -> None:
        """Count one task, under one of OUTCOMES."""
        self._tasks[outcome].inc()

    def given_up(self, reason: Reason) -> None:
        """Count one task that went to the dead letters."""
        self._dead[reason].inc()

    def delivered(self, *, redelivered: bool) -> None:
        """Count one delivery. Only one thread calls this."""
        deliveries, again = self.deliveries
        self.deliveries = (deliveries + 1, again + redelivered)
        if redelivered:
            self.redelivered.inc()

    def finished(self, seconds: float) -> None:
        """A handler took so long over a task. Only one thread calls this."""
        self._task_duration.observe(seconds)
        tasks, before = self.worked
        self.worked = (tasks + 1, before + seconds)

    def exposition(self) -> bytes:
        return prometheus_client.generate_latest(self.registry)

    def _labelled_counter(
        self, name: str, text: str, **label: tuple[str, ...]
    ) -> dict[str, Counter]:
        [(label_name, values)] = label.items()
        full = f"workqueue_worker_{name}"
        family = Counter(full, text, ["queue", label_name], registry=self.registry)
        return {value: family.labels(self._queue, value) for value in values}

    def _counter(self, name: str, text: str) -> Counter:
        full = f"workqueue_worker_{name}"
        return Counter(full, text, ["queue"], registry=self.registry).labels(self._queue)

    def _gauge(self, name: str, text: str) -> Gauge:
        full = f"workqueue_worker_{name}"
        return Gauge(full, text, ["queue"], registry=self.registry).labels(self._queue)

    def _histogram(self, name: str, text: str) -> Histogram:
        full = f"workqueue_worker_{name}_seconds"
        family = Histogram(full, text, ["queue"], registry=self.registry, buckets=DURATION_BUCKETS)
        return family.labels(self._queue)
