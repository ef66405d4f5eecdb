"""Real RabbitMQ nodes with TLS: one for whoever trusts it, one that wants to see a certificate.

They stand alone, each with an authority of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kit import certificates
from kit.rabbit import Broker
from kit.three_nodes import HOME, Node, running_nodes

AMQPS_PORT, HTTPS_PORT = 5671, 15671


@dataclass(frozen=True, slots=True)
class SafeNode:
    """A node, and the folder of certificates.make with its authority and key pairs."""

    node: Node
    certificates: Path

    @property
    def broker(self) -> Broker:
        """As clients see it: TLS alone. Its management_uri is plain, for the administrator."""
        return replace(self.node.broker, port=AMQPS_PORT)

    @property
    def https_uri(self) -> str:
        """The management API, as clients see it."""
        return f"https://{self.node.machine.address}:{HTTPS_PORT}"


@contextmanager
def safe_nodes() -> Iterator[tuple[SafeNode, SafeNode]]:
    """A node with TLS, and one with mutual TLS."""
    made: list[Path] = []

    def configure(node: Node) -> str:
        folder = certificates.make(node.folder / "tls", serves=f"IP:{node.machine.address}")
        for each in folder.iterdir():
            each.chmod(0o644)  # the broker is another user than the one who made them
        made.append(folder)
        return tls_configuration(f"{HOME}/tls", mutual=len(made) > 1)

    with running_nodes(2, configure=configure) as nodes:
        first, second = (SafeNode(node, folder) for node, folder in zip(nodes, made, strict=True))
        yield first, second


def tls_configuration(folder: str, *, mutual: bool) -> str:
    """Lines of a broker's configuration. folder: where it finds what certificates.make made."""
    lines = [f"listeners.ssl.default = {AMQPS_PORT}", f"management.ssl.port = {HTTPS_PORT}"]
    for section in ("ssl_options", "management.ssl"):
        lines += [
            f"{section}.cacertfile = {folder}/ca.crt",
            f"{section}.certfile = {folder}/{certificates.SERVER}.crt",
            f"{section}.keyfile = {folder}/{certificates.SERVER}.key",
            f"{section}.verify = {'verify_peer' if mutual else 'verify_none'}",
            f"{section}.fail_if_no_peer_cert = {'true' if mutual else 'false'}",
        ]
    return "\n".join([*lines, ""])
