"""Opens pika connections. Each belongs to the thread that opened it, and to no other."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pika

from workqueue_worker import credentials, encryption
from workqueue_worker.logs import never_log
from workqueue_worker.settings import Settings

CONNECT_SECONDS = 5
HANDSHAKE_SECONDS = 15
BLOCKED_SECONDS = 10
"""A broker with an alarm takes no messages; after this long a publisher gives the task back."""

SLOWEST_CONNECT_SECONDS = 120
"""The timeouts above per address, and a resolver that tries every server and search domain."""


def open_connection(settings: Settings, *, name: str) -> Any:
    """Connect with the credentials that are mounted now; `name` is what the broker shows.

    Returns:
        A pika.BlockingConnection.

    Raises:
        troubles.EXPECTED: in all their kinds.
    """
    access = credentials.read(settings.broker_dir)
    never_log(access.password, quote(access.password, safe=""))
    return pika.BlockingConnection(parameters(access, settings, name=name))


def parameters(access: credentials.BrokerAccess, settings: Settings, *, name: str) -> Any:
    """Built from fields, never from a URL: passwords may hold any character."""
    options = None
    if access.tls or settings.tls_dir is not None:
        context = encryption.context(settings.tls_dir)
        options = pika.SSLOptions(context, server_hostname=access.host)
    return pika.ConnectionParameters(
        host=access.host,
        port=access.port,
        virtual_host=settings.vhost,
        credentials=pika.PlainCredentials(access.username, access.password),
        heartbeat=settings.heartbeat_seconds,
        socket_timeout=CONNECT_SECONDS,
        stack_timeout=HANDSHAKE_SECONDS,
        blocked_connection_timeout=BLOCKED_SECONDS,
        client_properties={"connection_name": name},
        ssl_options=options,
    )
