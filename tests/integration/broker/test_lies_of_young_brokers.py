"""What a broker says when it, or a queue, has just begun; and that an alarm stops no reading."""

import time
from collections.abc import Iterator
from contextlib import closing

import pika
import pytest
from pika.exceptions import AMQPConnectionError

from integration.broker.lies import (
    access_to,
    connect,
    declare_on,
    holding,
    listed,
    publish,
)
from integration.broker.readings import Told, ready
from kit.kube import wait_for
from kit.rabbit import Broker
from kit.three_nodes import Node, running_nodes
from workqueue_operator.broker.totals import unacked_by_queue
from workqueue_operator.core.readings import Known, Missing

pytestmark = pytest.mark.timeout(240)  # the node's start counts for the first test
STATISTICS = "name,messages_ready,messages_unacknowledged"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """One node, used by all tests of this file."""
    with running_nodes(1) as made:
        yield made[0]


def test_a_field_that_is_not_there_yet_is_no_zero(node: Node) -> None:
    declare_on(node.broker, node.name, "young", "quorum")
    publish(node.broker, "young", 3)
    rows = listed(node.broker, columns=STATISTICS)
    assert rows["young"] == {"name": "young"}, "the lie: a queue's first row has no counts"
    assert unacked_by_queue(list(rows.values())) == {}


def test_zeros_that_a_restarted_broker_tells_of_tasks_in_work_are_not_believed(
    node: Node, told: Told
) -> None:
    near, broker = access_to(node.broker), node.broker
    declare_on(broker, node.name, "mail", "quorum")
    publish(broker, "mail", 10)
    told.monitors.watch(near, "mail")
    told.wait(near, "mail", ready(10), seconds=30)

    begun = time.monotonic()
    node.stop()
    node.begin()
    with closing(holding_soon(broker, "mail", 3)):
        holds = time.monotonic()
        node.wait_running()
        row = wait_for("its first row", lambda: listed(broker).get("mail"), seconds=5, every=0.05)
        assert row["messages_unacknowledged"] == 0, "the lie: three are in work"
        told.wait(near, "mail", three_in_work, seconds=40)

    said = [one for one in told.all[near.address, "mail"] if one.at >= begun]
    assert not any(isinstance(one, Missing) for one in said)
    known = [one for one in said if isinstance(one, Known) and one.at >= holds]
    assert {one.unacked for one in known} == {None, 3}
    assert {one.ready for one in known} == {7}, "what waits is never told wrong"


def test_an_alarm_that_stops_publishers_stops_no_reading(node: Node, told: Told) -> None:
    near, broker = access_to(node.broker), node.broker
    declare_on(broker, node.name, "heavy", "classic")
    publish(broker, "heavy", 10)
    told.monitors.watch(near, "heavy")
    told.wait(near, "heavy", ready(10), seconds=30)

    with closing(connect(broker)) as publisher:
        node.control("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            assert is_blocked(publisher, "heavy")
            with closing(holding(broker, "heavy", 3)):
                told.wait(near, "heavy", ready(7), seconds=20)
                declare_on(broker, node.name, "new", "classic")
                told.monitors.watch(near, "new")
                told.wait(near, "new", ready(0), seconds=20)
        finally:
            node.control("set_vm_memory_high_watermark", "absolute", "1GB")


def holding_soon(broker: Broker, queue: str, tasks: int) -> pika.BlockingConnection:
    """A consumer that comes back as soon as the broker does, as workers do."""

    def attempt() -> pika.BlockingConnection | None:
        try:
            return holding(broker, queue, tasks)
        except (AMQPConnectionError, OSError):
            return None

    return wait_for("the broker to come back", attempt, seconds=40, every=0.05)


def is_blocked(publisher: pika.BlockingConnection, queue: str) -> bool:
    """Publish, and see whether the broker tells the publisher to stop."""
    blocked: list[object] = []
    publisher.add_on_connection_blocked_callback(lambda *why: blocked.append(why))
    publisher.channel().basic_publish("", queue, b"task")
    for _ in range(50):
        publisher.process_data_events(time_limit=0.1)
        if blocked:
            return True
    return False


def three_in_work(reading: object) -> bool:
    return isinstance(reading, Known) and reading.unacked == 3
