"""Reading queues of the real broker: what is told, how soon, and who disturbs whom."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pika
import pytest

from integration.broker.readings import Told
from integration.broker.way import Hole, Way
from kit.rabbit import Broker
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown

TASK = pika.BasicProperties(delivery_mode=2)


def publish(channel: Any, name: str, count: int) -> None:
    for _ in range(count):
        channel.basic_publish("", name, b"task", TASK, mandatory=True)


def unknown(*reasons: str) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Unknown) and reading.reason in reasons


def ready(count: int) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Known) and reading.ready == count


def through(access: Access, port: int) -> Access:
    return replace(access, host="127.0.0.1", port=port)


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


def test_a_queue_that_somebody_holds_is_unknown(told: Told, access: Access, channel: Any) -> None:
    channel.queue_declare("mail", exclusive=True)
    told.monitors.watch(access, "mail")
    told.wait(access, "mail", unknown("QueueLocked"), seconds=3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"password": "wr0ng-pass"}, "AuthenticationFailed", id="a wrong password"),
        pytest.param({"vhost": "no-such-vhost"}, "VhostDenied", id="a vhost that is not there"),
        pytest.param({"host": "127.0.0.1", "port": 9}, "BrokerUnreachable", id="a dead port"),
        pytest.param({"host": "no-such.invalid"}, "BrokerUnreachable", id="a name not known"),
        pytest.param({"tls": True}, "TLSFailed", id="TLS where the broker speaks plain AMQP"),
    ],
)
def test_a_broker_that_lets_nobody_in_makes_its_queues_unknown(
    changes: dict[str, Any],
    reason: str,
    told: Told,
    access: Access,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(access, **changes)
    told.monitors.watch(wrong, "mail")
    reading = told.wait(wrong, "mail", unknown(reason), seconds=3)
    assert isinstance(reading, Unknown)
    assert wrong.server in reading.why
    assert wrong.password not in reading.why + caplog.text
    assert [one.name for one in caplog.records if reason in one.getMessage()] == [
        "workqueue_operator.broker.monitor"
    ], "one line says it, and none of pika's"
    assert not [one for one in caplog.records if one.name.startswith("pika")]


def test_a_vhost_that_is_deleted_makes_its_queues_unknown(
    broker: Broker, told: Told, access: Access
) -> None:
    broker.declare("mail")
    told.monitors.watch(access, "mail")
    told.known(access, "mail")
    broker.delete_vhost()
    told.wait(access, "mail", unknown("VhostDenied"), seconds=5)


def test_a_cut_is_told_at_once_and_mends_by_itself(
    broker: Broker, told: Told, access: Access, way: Way
) -> None:
    there = through(access, way.port)
    broker.declare("mail")
    told.monitors.watch(there, "mail")
    told.known(there, "mail")
    way.cut()
    told.wait(there, "mail", unknown("BrokerUnreachable"), seconds=1)
    told.known(there, "mail", seconds=5)


@pytest.mark.timeout(60)
def test_a_broker_that_falls_silent_is_unknown_soon_and_holds_up_no_other(
    broker: Broker, told: Told, access: Access, way: Way
) -> None:
    # Given two brokers, as the monitors see them, of which one falls silent
    there = through(access, way.port)
    broker.declare("mail")
    told.monitors.watch(there, "mail")
    told.monitors.watch(access, "mail")
    told.known(there, "mail")
    way.fall_silent()

    # Then it is unknown within a bounded time, and the other is read as before
    deadline = time.monotonic() + 12
    while not isinstance(told.last[there.address, "mail"], Unknown):
        told.known(access, "mail", seconds=1)
        assert time.monotonic() < deadline
    told.wait(there, "mail", unknown("BrokerUnreachable"), seconds=12)
    assert told.monitors.alive() == []

    # And it is known again soon after it speaks
    way.speak()
    told.known(there, "mail", seconds=20)


def test_an_address_that_swallows_every_packet_is_unknown_soon(
    told: Told, access: Access, hole: Hole
) -> None:
    there = through(access, hole.port)
    told.monitors.watch(there, "mail")
    told.wait(there, "mail", unknown("BrokerUnreachable"), seconds=7)


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


@pytest.mark.timeout(30)
def test_close_ends_everything_within_two_seconds_whatever_the_brokers_do(
    broker: Broker, told: Told, access: Access, way: Way, hole: Hole
) -> None:
    # Given monitors that read, that connect for ever, that wait, and that are not answered
    monitors = RabbitMonitors(told)
    broker.declare("mail")
    silent = through(access, way.port)
    places = [
        access,
        silent,
        through(access, hole.port),
        through(access, 9),
        replace(access, password="wr0ng-pass"),
    ]
    for place in places:
        monitors.watch(place, "mail")
    told.known(silent, "mail")
    told.wait(through(access, 9), "mail", unknown("BrokerUnreachable"), seconds=3)
    way.fall_silent()

    # When they are closed
    began = time.monotonic()
    monitors.close()

    # Then they are gone in time
    assert time.monotonic() - began < 2
    assert not [one for one in threading.enumerate() if one.name.startswith("monitor ")]
    monitors.close()


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
