"""Opens pika connections. Each belongs to the thread that opened it, and to no other."""

from __future__ import annotations

import logging
from copy import copy
from typing import Any
from urllib.parse import quote

import pika

from workqueue_worker import credentials, encryption, odd_values
from workqueue_worker.logs import never_log
from workqueue_worker.settings import Settings
from workqueue_worker.troubles import EXPECTED, diagnose

log = logging.getLogger(__name__)

odd_values.install()

CONNECT_SECONDS = 5
HANDSHAKE_SECONDS = 15
BLOCKED_SECONDS = 10
"""A broker with an alarm takes no messages; after this long a publisher gives the task back."""


class Connector:
    """Connects with the credentials that are mounted now, and knows which worked last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worked: Any = None  # pika.ConnectionParameters

    def open(self, name: str) -> Any:
        """Connect as the files say; `name` is what the broker shows.

        Returns:
            A pika.BlockingConnection.

        Raises:
            troubles.EXPECTED: in all their kinds.
        """
        access = credentials.read(self._settings.broker_dir)
        never_log(access.password, quote(access.password, safe=""))
        asked = parameters(access, self._settings, name=name)
        made = pika.BlockingConnection(asked)
        self._worked = asked
        return made

    def open_somehow(self, name: str) -> Any:
        """The same, with what worked last where the files as they are do not.

        For what must be said now, while the consumer goes on with its old connection.

        Raises:
            troubles.EXPECTED: what the files say does not work, nor does anything else.
        """
        worked = copy(self._worked)
        try:
            return self.open(name)
        except EXPECTED as error:
            if worked is None:
                raise
            log.warning("publishing with earlier credentials: %s", diagnose(error).message)
        worked.client_properties = {"connection_name": name}
        return pika.BlockingConnection(worked)


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
