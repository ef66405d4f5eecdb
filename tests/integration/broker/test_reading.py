"""Reading queues of the real broker: what is told, and how soon."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import pika
import pytest

from integration.broker.readings import Told, ready
from kit.rabbit import Broker
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Missing, Reading

TASK = pika.BasicProperties(delivery_mode=2)


def publish(channel: Any, name: str, count: int) -> None:
    for _ in range(count):
        channel.basic_publish("", name, b"task", TASK, mandatory=True)


@pytest.mark.parametrize("kind", ["quorum", "classic"])
def test_ready_tasks_and_consumers_are_told_within_a_moment(
    kind: str, broker: Broker, told: Told, access: Access, channel: Any
) -> None:
    broker.declare("mail", x_queue_type=kind)
    told.monitors.watch(access, "mail")
    told.wait(access, "mail", ready(0), seconds=3)

    publish(channel, "mail", 3)
    told.wait(access, "mail", ready(3), seconds=1)

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("mail", lambda *_: None)
    reading = told.wait(access, "mail", ready(2), seconds=3)
    assert isinstance(reading, Known)
    assert reading.consumers == 1
    assert reading.unacked is None, "nobody was asked how many are in work"


def test_a_missing_queue_is_missing_until_it_is_there_and_disturbs_nobody(
    broker: Broker, told: Told, access: Access
) -> None:
    outcomes: list[str] = []
    monitors = RabbitMonitors(told, observe=lambda **seen: outcomes.append(seen["outcome"]))
    broker.declare("mail")
    for name in ("mail", "gone", "lost"):
        monitors.watch(access, name)

    told.wait(access, "gone", lambda one: isinstance(one, Missing), seconds=3)
    told.wait(access, "lost", lambda one: isinstance(one, Missing), seconds=1)
    told.known(access, "mail", seconds=1)
    broker.declare("gone")
    told.known(access, "gone", seconds=2)
    monitors.close()

    assert set(outcomes) == {"ok"}, "a 404 costs a channel, and never the connection"


def test_many_queues_are_read_in_one_sweep(
    broker: Broker, told: Told, access: Access, channel: Any
) -> None:
    names = [f"q{index}" for index in range(300)]
    for name in names:
        channel.queue_declare(name, durable=True)
    for name in names:
        told.monitors.watch(access, name)
    publish(channel, "q299", 2)

    told.wait(access, "q299", ready(2), seconds=5)
    assert set(told.last) == {(access.address, name) for name in names}
    assert max(told.sizes) == 300


def test_a_new_queue_is_read_at_once_however_long_the_interval(
    broker: Broker, told: Told, access: Access
) -> None:
    monitors = RabbitMonitors(told, floor_seconds=20)
    broker.declare("old")
    monitors.watch(access, "old")
    told.known(access, "old")

    broker.declare("new")
    monitors.watch(access, "new")
    told.known(access, "new", seconds=1)
    assert told.sizes == [1, 1], "the others were not read for it"
    monitors.close()


def test_a_queue_that_is_not_watched_any_more_is_not_read(
    broker: Broker, told: Told, access: Access
) -> None:
    broker.declare("a")
    broker.declare("b")
    told.monitors.watch(access, "a")
    told.monitors.watch(access, "b")
    told.known(access, "b")
    told.monitors.unwatch(access, "b")
    told.known(access, "a")
    told.known(access, "a")
    assert told.sizes[-1] == 1


def test_one_sink_call_per_sweep_holds_every_reading_with_its_time(
    broker: Broker, access: Access
) -> None:
    calls: list[Mapping[str, Reading]] = []
    three = threading.Event()

    def sink(_: Access, readings: Mapping[str, Reading]) -> None:
        calls.append(readings)
        if len(calls) == 3:
            three.set()

    began = time.monotonic()
    monitors = RabbitMonitors(sink)
    broker.declare("mail")
    monitors.watch(access, "mail")
    assert three.wait(5)
    monitors.close()
    times = [readings["mail"].at for readings in calls[:3]]
    assert began < times[0] < times[1] < times[2] < time.monotonic()
