"""Metrics of the operator. Numbers per WorkQueue are collected when asked for, never per sweep."""

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workqueue_operator import __version__

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # theirs is untyped


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is exported of one WorkQueue. messages and workers by state; conditions by type."""

    namespace: str
    name: str
    messages: Mapping[str, int]
    consumers: int | None
    dead_letters: int | None
    workers: Mapping[str, int]
    bounds: tuple[int, int]
    conditions: Mapping[str, bool]
    scaled: Mapping[tuple[str, str], int]  # steps of this process, by direction and reason


class Telemetry:
    """One registry for the process."""

    def __init__(self) -> None:
        """Register every metric; `samples` and `brokers` are set once the controller exists."""
        self.registry = CollectorRegistry()
        self.samples: Callable[[], Iterable[Sample]] = tuple
        self.brokers: Callable[[], frozenset[str]] | None = None
        self._swept: set[str] = set()
        self.registry.register(_Objects(self))  # first: it drops what the others need not show
        ProcessCollector(registry=self.registry)
        build = Gauge(
            "workqueue_build_info",
            "Versions of the operator, Python and kopf; always 1.",
            ["version", "python", "kopf"],
            registry=self.registry,
        )
        build.labels(__version__, platform.python_version(), version("kopf")).set(1)
        self._steps = Histogram(
            "workqueue_reconcile_duration_seconds",
            "Time of one step of one WorkQueue, its writes included.",
            registry=self.registry,
        )
        self._failed = Counter(
            "workqueue_reconcile_errors_total",
            "Steps that ended in an error, by its reason.",
            ["reason"],
            registry=self.registry,
        )
        self._sweeps = Histogram(
            "workqueue_sweep_duration_seconds",
            "Time of one sweep: the moving queues of a broker access, some of the sleeping ones.",
            ["broker"],
            registry=self.registry,
        )
        self._queues = Gauge(
            "workqueue_sweep_queues",
            "Queues that the last sweep read; sleeping ones are read by and by.",
            ["broker"],
            registry=self.registry,
        )
        self._up = Gauge(
            "workqueue_broker_up",
            "Whether the last sweep of a broker access was answered.",
            ["broker"],
            registry=self.registry,
        )
        self._lag = Gauge(
            "workqueue_loop_lag_seconds",
            "How late the event loop was at its last beat.",
            registry=self.registry,
        )

    @contextmanager
    def step(self) -> Iterator[None]:
        """Time one step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._steps.observe(time.perf_counter() - began)

    def step_failed(self, reason: str) -> None:
        """Count a step that ended in an error."""
        self._failed.labels(reason).inc()

    def swept(self, *, address: str, duration_seconds: float, queues: int, outcome: str) -> None:
        """One sweep has ended (a broker.monitor.SweepObserver)."""
        self._swept.add(address)
        self._sweeps.labels(address).observe(duration_seconds)
        self._queues.labels(address).set(queues)
        self._up.labels(address).set(outcome == "ok")

    def drop_brokers(self) -> None:
        """Show no broker any more of which no queue is read."""
        if self.brokers is None:
            return
        for address in self._swept.copy() - self.brokers():
            self._swept.discard(address)
            for metric in (self._sweeps, self._queues, self._up):
                with suppress(KeyError):  # a sweep that is under way has made only some of them
                    metric.remove(address)

    def lagged(self, seconds: float) -> None:
        """The event loop has beaten."""
        self._lag.set(seconds)


class _Objects(Collector):
    """Gauges per WorkQueue, from what the controller knows at the moment of the scrape."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def describe(self) -> Iterator[Metric]:
        """See Collector: nothing, so that registering asks for no samples."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        self._telemetry.drop_brokers()
        who = ["namespace", "name"]
        messages = _family("messages", "Tasks in the queue, by state; absent: unknown.", "state")
        workers = _family("workers", "Workers, by state.", "state")
        condition = _family("condition", "Whether a condition is True.", "type")
        consumers = GaugeMetricFamily("workqueue_consumers", "Consumers of the queue.", labels=who)
        dead = GaugeMetricFamily(
            "workqueue_dead_letters", "Tasks given up; absent: unknown.", labels=who
        )
        least = GaugeMetricFamily("workqueue_scale_min", "spec.scaling.minWorkers.", labels=who)
        most = GaugeMetricFamily("workqueue_scale_max", "spec.scaling.maxWorkers.", labels=who)
        scaled = CounterMetricFamily(
            "workqueue_scale_events",
            "Changes of a number of workers, by direction and reason.",
            labels=[*who, "direction", "reason"],
        )
        for sample in self._telemetry.samples():
            key = [sample.namespace, sample.name]
            _fill(messages, key, sample.messages)
            _fill(workers, key, sample.workers)
            _fill(condition, key, sample.conditions)
            if sample.consumers is not None:
                consumers.add_metric(key, sample.consumers)
            if sample.dead_letters is not None:
                dead.add_metric(key, sample.dead_letters)
            least.add_metric(key, sample.bounds[0])
            most.add_metric(key, sample.bounds[1])
            for (direction, reason), count in sample.scaled.items():
                scaled.add_metric([*key, direction, reason], count)
        yield from (messages, workers, condition, consumers, dead, least, most, scaled)


def _family(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workqueue_{name}", text, labels=["namespace", "name", label])


def _fill(family: GaugeMetricFamily, key: list[str], values: Mapping[str, int]) -> None:
    for label, value in values.items():
        family.add_metric([*key, label], value)
