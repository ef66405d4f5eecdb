"""Dead letters are read beside the queue, by the same connection."""

from integration.broker.readings import Told, ready
from integration.broker.specs import queue
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access


def test_dead_letters_are_counted_within_seconds_where_there_is_little_to_read(
    broker: Broker, told: Told, access: Access, topology: RabbitTopology
) -> None:
    topology.ensure(access, queue())
    told.monitors.watch(access, "mail")
    told.monitors.watch_seldom(access, "mail.dead")
    told.wait(access, "mail.dead", ready(0), seconds=20)
    broker.put("mail.dead", "a", "b")
    told.wait(access, "mail.dead", ready(2), seconds=20)


def test_reading_ends_with_the_queue_itself(
    broker: Broker, told: Told, access: Access, topology: RabbitTopology
) -> None:
    topology.ensure(access, queue())
    told.monitors.watch(access, "mail")
    told.monitors.watch_seldom(access, "mail.dead")
    told.wait(access, "mail.dead", ready(0), seconds=20)
    told.monitors.unwatch(access, "mail")
    count = len(told.all[access.address, "mail.dead"])
    told.monitors.watch(access, "mail")
    told.known(access, "mail", seconds=10)
    assert len(told.all[access.address, "mail.dead"]) <= count + 1
