"""How to call the broker."""

import pika

from workqueue_producer.encryption import tls_context
from workqueue_producer.settings import Access

HEARTBEAT_SECONDS = 15  # a silent cut is noticed within 45 s
DIAL_SECONDS = 10


def connection_parameters(access: Access, blocked_seconds: float) -> pika.ConnectionParameters:
    """Say it in pika's terms. `blocked_seconds`: how long the broker may refuse to read.

    Raises:
        SettingsError: the files for TLS are not what they should be.
    """
    context = tls_context(access)
    return pika.ConnectionParameters(
        host=access.host,
        port=access.port,
        virtual_host=access.vhost,
        credentials=pika.PlainCredentials(access.username, access.password),
        ssl_options=context and pika.SSLOptions(context, access.host),
        heartbeat=HEARTBEAT_SECONDS,
        socket_timeout=DIAL_SECONDS,
        stack_timeout=DIAL_SECONDS + 5,
        blocked_connection_timeout=blocked_seconds,
        client_properties={"connection_name": "workqueue-producer"},
    )
