"""python -m bench.bare_loop PORT QUEUE: what a consumer is without a worker runtime around it.

One BlockingConnection, prefetch 1, the handler called in the callback, then the acknowledgement.
Meant to be compared with: it loses its connection at a long task.
"""

import sys
from typing import Any

import pika

from bench.sleeper import work
from bench.speed_cases import PASSWORD, USERNAME


def main(host: str, port: str, queue: str) -> None:
    """Consume until killed."""
    login = pika.PlainCredentials(USERNAME, PASSWORD)
    connection = pika.BlockingConnection(pika.ConnectionParameters(host, int(port), "/", login))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue, _on_delivery)
    channel.start_consuming()


def _on_delivery(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
    work(body)
    channel.basic_ack(method.delivery_tag)


if __name__ == "__main__":
    main(*sys.argv[1:])
