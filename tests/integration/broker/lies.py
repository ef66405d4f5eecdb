"""What a scaling operator makes of a broker's words: workers over a series of real readings."""

from collections.abc import Iterable
from typing import Any, Literal

import pika
import requests
from pika.exceptions import ChannelClosedByBroker

from kit.rabbit import Broker
from unit.core.builders import census, rules, seen
from workqueue_operator.broker.management import _QUERY
from workqueue_operator.core.access import Access
from workqueue_operator.core.decision import Decision
from workqueue_operator.core.history import History
from workqueue_operator.core.policy import decide, learn
from workqueue_operator.core.readings import Reading

TASK = pika.BasicProperties(delivery_mode=2)
WORKERS = 5


def decisions(
    readings: Iterable[Reading], *, queue_type: Literal["Quorum", "Classic"] = "Quorum"
) -> list[Decision]:
    """What follows from each reading for five ready workers who say they have nothing to do.

    The window is a second and one step may remove all of them: nothing but doubt keeps them.
    """
    history, wanted, made = History(), WORKERS, list[Decision]()
    by = rules(window=1, queue_type=queue_type)
    for reading in readings:
        look = seen(reading, wanted, asked=census())
        learn(by, look, history, now=reading.at)
        made.append(decide(by, look, history, now=reading.at))
        wanted = made[-1].workers
    return made


def access_to(broker: Broker, *, management: bool = True) -> Access:
    """AMQP and, where wanted, the totals list of one node."""
    return Access(
        host=broker.host,
        port=broker.port,
        tls=False,
        vhost=broker.vhost,
        username=broker.username,
        password=broker.password,
        management_uri=broker.management_uri if management else None,
    )


def connect(broker: Broker) -> pika.BlockingConnection:
    """A client's connection that nobody needs to turn."""
    credentials = pika.PlainCredentials(broker.username, broker.password)
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            broker.host, broker.port, broker.vhost, credentials, heartbeat=600
        )
    )


def publish(broker: Broker, queue: str, count: int) -> None:
    """Confirmed tasks."""
    connection = connect(broker)
    channel = connection.channel()
    channel.confirm_delivery()
    for _ in range(count):
        channel.basic_publish("", queue, b"task", TASK, mandatory=True)
    connection.close()


def declared(connection: pika.BlockingConnection, queue: str) -> tuple[int, int] | str:
    """A passive declare as anybody's client sees it: ready and consumers, or the refusal."""
    channel = connection.channel()
    try:
        count = channel.queue_declare(queue, passive=True).method
    except ChannelClosedByBroker as refused:
        return str(refused.reply_text)
    channel.close()
    return count.message_count, count.consumer_count


def listed(broker: Broker, **query: str) -> dict[str, dict[str, Any]]:
    """The rows of the list of queues by name; without a query it is the one that we ask for."""
    answer = requests.get(
        f"{broker.management_uri}/api/queues/%2F",
        params=query or _QUERY,
        auth=(broker.username, broker.password),
        timeout=10,
    )
    answer.raise_for_status()
    return {row["name"]: row for row in answer.json()}


def holding(broker: Broker, queue: str, tasks: int) -> pika.BlockingConnection:
    """A consumer that took so many tasks and works on them for ever."""
    connection = connect(broker)
    channel = connection.channel()
    channel.basic_qos(prefetch_count=tasks)
    taken: list[bytes] = []
    channel.basic_consume(queue, lambda *message: taken.append(message[3]))
    for _ in range(100):
        connection.process_data_events(time_limit=0.1)
        if len(taken) == tasks:
            return connection
    raise AssertionError(f"{len(taken)} of {tasks} tasks came from {queue}")


def declare_on(broker: Broker, node: str, queue: str, kind: Literal["quorum", "classic"]) -> None:
    """Declare a queue whose leader (or only copy) is on this node."""
    arguments = {"x-queue-type": kind, "x-queue-leader-locator": "client-local"}
    body = {"durable": True, "arguments": arguments, "node": node}
    requests.put(
        f"{broker.management_uri}/api/queues/%2F/{queue}",
        json=body,
        auth=(broker.username, broker.password),
        timeout=30,
    ).raise_for_status()
