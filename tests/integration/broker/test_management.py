"""Tasks in work, as the management API of the real broker counts them."""

import socket
import time
from dataclasses import replace
from typing import Any

import pika
import pytest

from integration.broker.readings import Told
from kit.rabbit import Broker
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Reading

TASK = pika.BasicProperties(delivery_mode=2)


@pytest.fixture
def managed(broker: Broker, access: Access) -> Access:
    """The access, with its management address."""
    return replace(access, management_uri=broker.management_uri)


def hold_two_of_three(channel: Any, name: str) -> None:
    """Publish three tasks, and take two of them without finishing them."""
    for _ in range(3):
        channel.basic_publish("", name, b"task", TASK, mandatory=True)
    for _ in range(2):
        while channel.basic_get(name)[0] is None:
            time.sleep(0.02)


def in_work(count: int | None) -> Any:
    def expected(reading: Reading) -> bool:
        return isinstance(reading, Known) and reading.ready == 1 and reading.unacked == count

    return expected


@pytest.mark.parametrize("kind", ["quorum", "classic"])
def test_tasks_in_work_are_told(
    kind: str, broker: Broker, told: Told, managed: Access, channel: Any
) -> None:
    broker.declare("mail", x_queue_type=kind)
    told.monitors.watch(managed, "mail")
    hold_two_of_three(channel, "mail")
    told.wait(managed, "mail", in_work(2), seconds=9)


@pytest.mark.timeout(240)
def test_no_zero_is_believed_until_the_connection_has_stood_for_a_while(
    broker: Broker, told: Told, managed: Access
) -> None:
    broker.declare("mail")
    began = time.monotonic()
    told.monitors.watch(managed, "mail")
    assert told.known(managed, "mail").unacked is None

    def zero(reading: Reading) -> bool:
        return isinstance(reading, Known) and reading.unacked == 0

    told.wait(managed, "mail", zero, seconds=25)
    assert time.monotonic() - began >= 20


def test_a_user_whom_the_api_does_not_know_leaves_the_tasks_in_work_unknown(
    broker: Broker,
    told: Told,
    managed: Access,
    channel: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = f"worker-{broker.vhost}"
    broker.create_user(name, "w0rker-pass")  # no tag: AMQP yes, management no
    broker.declare("mail")
    mine = replace(managed, username=name, password="w0rker-pass")
    told.monitors.watch(mine, "mail")
    hold_two_of_three(channel, "mail")
    told.wait(mine, "mail", in_work(None), seconds=5)
    time.sleep(1.5)

    assert told.known(mine, "mail").unacked is None
    assert sum("answers 401" in line for line in caplog.messages) == 1
    assert "w0rker-pass" not in caplog.text
    broker.delete_user(name)


def test_an_api_that_hangs_delays_no_reading_and_is_asked_anew(
    broker: Broker,
    told: Told,
    managed: Access,
    channel: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def read_until_logged(words: str) -> None:
        deadline = time.monotonic() + 10
        while words not in caplog.text:
            told.wait(there, "mail", in_work(None), seconds=1)
            assert time.monotonic() < deadline

    broker.declare("mail")
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        port = never_answers.getsockname()[1]
        there = replace(managed, management_uri=f"http://127.0.0.1:{port}")
        told.monitors.watch(there, "mail")
        hold_two_of_three(channel, "mail")
        read_until_logged("the management API did not answer within 5 s")
    read_until_logged("the management API cannot be reached")


def test_a_vhost_with_a_slash_is_asked_for_by_its_name(
    broker: Broker, told: Told, managed: Access
) -> None:
    other = replace(broker, vhost=f"{broker.vhost}/a b%")
    other.create_vhost()
    try:
        other.declare("mail")
        mine = replace(managed, vhost=other.vhost)
        connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                mine.host,
                mine.port,
                mine.vhost,
                pika.PlainCredentials(mine.username, mine.password),
            )
        )
        told.monitors.watch(mine, "mail")
        hold_two_of_three(connection.channel(), "mail")
        told.wait(mine, "mail", in_work(2), seconds=9)
        connection.close()
    finally:
        other.delete_vhost()
