"""Many queues of the real broker over one channel: what it takes, and what a refusal costs."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pika
import pytest

from integration.broker.readings import Told, ready
from kit.rabbit import Broker
from workqueue_operator.broker import passive
from workqueue_operator.broker.link import Link
from workqueue_operator.broker.loop import Loop
from workqueue_operator.broker.sweep import Sweeper
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Missing

TASK = pika.BasicProperties(delivery_mode=2)
NAMES = [f"q{index}" for index in range(400)]


@pytest.fixture
def link(access: Access) -> Iterator[Link]:
    loop = Loop()
    made = Link(access, loop)
    made.wait_open(stopped=lambda: False)
    yield made
    made.close()
    loop.close()


@pytest.fixture
def sweeper(link: Link) -> Sweeper:
    return Sweeper(link, link._loop, stopped=lambda: False)


def declare_all(channel: Any) -> None:
    for name in NAMES:
        channel.queue_declare(name, durable=True)


def test_this_pika_and_this_broker_take_many_questions_in_one_write(
    link: Link, sweeper: Sweeper, channel: Any
) -> None:
    # Given queues that were read once
    assert passive.trouble(link.connection) is None
    declare_all(channel)
    sweeper.sweep(NAMES)

    # When they are read again
    channel.basic_publish("", "q7", b"task", TASK, mandatory=True)
    before = link.connection.frames_sent
    readings = sweeper.sweep(NAMES)

    # Then each has its own answer, and that took a few writes
    assert set(readings) == set(NAMES)
    assert {name for name, one in readings.items() if ready(1)(one)} == {"q7"}
    assert link.connection.frames_sent - before < 20


def test_queues_deleted_under_the_pipe_are_missing_and_the_others_are_read(
    sweeper: Sweeper, channel: Any
) -> None:
    declare_all(channel)
    for _ in range(2):
        sweeper.sweep(NAMES)
    gone = {"q3", "q150", "q399"}
    for name in gone:
        channel.queue_delete(name)

    readings = sweeper.sweep(NAMES)

    assert {name for name, one in readings.items() if isinstance(one, Missing)} == gone
    assert sum(isinstance(one, Known) for one in readings.values()) == len(NAMES) - len(gone)


def test_the_totals_come_soon_after_a_calm_time(
    broker: Broker, told: Told, access: Access, channel: Any
) -> None:
    # Given a broker access that has been calm, so that the totals are asked for rarely
    managed = replace(access, management_uri=broker.management_uri)
    broker.declare("mail")
    told.monitors.watch(managed, "mail")
    told.known(managed, "mail")
    time.sleep(3)

    # When two of three tasks are taken, then that is told long before the next rare request
    for _ in range(3):
        channel.basic_publish("", "mail", b"task", TASK, mandatory=True)
    for _ in range(2):
        while channel.basic_get("mail")[0] is None:
            time.sleep(0.02)
    told.wait(
        managed,
        "mail",
        lambda one: isinstance(one, Known) and one.unacked == 2,
        seconds=6,
    )
