#!/usr/bin/python3
"""Ends with 0 only when the broker really speaks: AMQP answered, and the management API is there.

An open port is not enough: a listener may accept while the broker still boots or already stops.
"""

import socket
import sys

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = 1
TIMEOUT_SECONDS = 2


def greets(port: int) -> bool:
    """Say whether the broker answers the protocol header with Connection.Start."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.sendall(PROTOCOL_HEADER)
        answer = connection.recv(1)
    return answer == bytes([METHOD_FRAME])


def listens(port: int) -> bool:
    """Say whether something accepts connections."""
    socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS).close()
    return True


try:
    ready = greets(5672) and listens(15672)
except OSError as error:
    print(error)
    ready = False
sys.exit(0 if ready else 1)
