"""Brokers that refuse, vanish or fall silent: what is told of their queues, and who waits."""

import logging
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from integration.broker.readings import Told, unknown
from integration.broker.way import Hole, Way
from kit.rabbit import Broker
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Unknown


def through(access: Access, port: int) -> Access:
    return replace(access, host="127.0.0.1", port=port)


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
    cut_at = time.monotonic()
    way.cut()
    told.wait(there, "mail", unknown("BrokerUnreachable"), seconds=1, since=cut_at)
    told.known(there, "mail", seconds=5)


@pytest.mark.timeout(240)
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


@pytest.mark.timeout(240)
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
    assert time.monotonic() - began < 8
    assert not [one for one in threading.enumerate() if one.name.startswith("monitor ")]
    monitors.close()
