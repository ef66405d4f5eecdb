"""What the real broker's statistics say of who holds a task."""

from collections.abc import Mapping
from dataclasses import replace

import pika
import pytest

from kit.kube import wait_for
from kit.rabbit import Broker
from workqueue_operator.broker.holders import ManagementHolders
from workqueue_operator.core.access import Access

LATE_SECONDS = 30.0


@pytest.mark.parametrize("kind", ["quorum", "classic"])
def test_consumers_are_told_by_their_tag_with_what_they_hold(
    kind: str, broker: Broker, access: Access
) -> None:
    # Given two consumers in one queue, and two tasks that one of them holds
    managed = replace(access, management_uri=broker.management_uri)
    credentials = pika.PlainCredentials(access.username, access.password)
    parameters = pika.ConnectionParameters(access.host, access.port, access.vhost, credentials)
    with pika.BlockingConnection(parameters) as connection:
        busy, idle = connection.channel(), connection.channel()
        busy.queue_declare("work", durable=True, arguments={"x-queue-type": kind})
        for _ in range(2):
            busy.basic_publish("", "work", b"task", mandatory=True)
        busy.basic_qos(prefetch_count=2)
        busy.basic_consume("work", lambda *_: None, consumer_tag="pod-busy")
        held = {"pod-busy": 2}
        told(managed, connection, held)
        idle.basic_consume("work", lambda *_: None, consumer_tag="pod-idle")
        # Then each is told, a little late
        told(managed, connection, held | {"pod-idle": 0})


def test_of_a_queue_that_is_not_there_nothing_is_told(broker: Broker, access: Access) -> None:
    managed = replace(access, management_uri=broker.management_uri)

    assert ManagementHolders().held(managed, "nothing") is None


def told(access: Access, connection: pika.BlockingConnection, expected: Mapping[str, int]) -> None:
    """Wait until the broker tells this."""

    def look() -> bool:
        connection.process_data_events()
        return ManagementHolders().held(access, "work") == expected

    wait_for(f"the broker to tell {expected}", look, seconds=LATE_SECONDS, every=0.5)
