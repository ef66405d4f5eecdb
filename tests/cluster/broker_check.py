"""Asks the broker itself, from this machine: the API server may tell old news."""

from __future__ import annotations

import base64
import http.client
import socket

from cluster.addresses import RABBITMQ_ADDRESS

AMQP_PORT, MANAGEMENT_PORT = 5672, 15672
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
ACCOUNT = "admin:admin-password"  # as in manifests/rabbitmq.yaml
TIMEOUT_SECONDS = 2.0


def takes_connections(host: str = RABBITMQ_ADDRESS) -> bool:
    """Say whether the broker greets on AMQP, and lets the administrator into its management API."""
    try:
        return _greets(host) and _administrator_enters(host)
    except (OSError, http.client.HTTPException):
        return False


def _greets(host: str) -> bool:
    with socket.create_connection((host, AMQP_PORT), TIMEOUT_SECONDS) as connection:
        connection.sendall(PROTOCOL_HEADER)
        return connection.recv(1) == METHOD_FRAME


def _administrator_enters(host: str) -> bool:
    connection = http.client.HTTPConnection(host, MANAGEMENT_PORT, timeout=TIMEOUT_SECONDS)
    token = base64.b64encode(ACCOUNT.encode()).decode()
    try:
        connection.request("GET", "/api/whoami", headers={"Authorization": f"Basic {token}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()
