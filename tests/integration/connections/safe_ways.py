"""Brokers with TLS, and the Secrets by which they can be reached, or not."""

from collections.abc import Mapping
from dataclasses import dataclass

from kit import certificates
from kit.safe_nodes import SafeNode
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.trust import trust_from_secret


@dataclass(frozen=True)
class Brokers:
    """`open` lets everybody in who believes it; `mutual` wants to see a certificate."""

    open: SafeNode
    mutual: SafeNode


def secret_of(node: SafeNode, data: Mapping[str, str] | None) -> Access:
    """What the operator makes of the two Secrets; data: of the one with the authorities."""
    broker = node.broker
    keys = {
        "host": broker.host,
        "port": str(broker.port),
        "username": broker.username,
        "password": broker.password,
    }
    raw = {name: text.encode() for name, text in (data or {}).items()}
    return from_secret(
        "rabbitmq",
        {name: text.encode() for name, text in keys.items()},
        vhost="/",
        management_uri=node.https_uri,
        trust=trust_from_secret("ca", raw) if data is not None else None,
    )


def which(brokers: Brokers, name: str) -> tuple[SafeNode, Mapping[str, str]]:
    """A broker, and the Secret with which it can be reached."""
    if name == "open":
        return brokers.open, certificates.trusting(brokers.open.certificates)
    return brokers.mutual, certificates.mutual(brokers.mutual.certificates)


def foreign_certificate(brokers: Brokers) -> Mapping[str, str]:
    """Signed by an authority that the broker with mutual TLS does not know."""
    theirs = certificates.mutual(brokers.open.certificates)
    return {**theirs, **certificates.trusting(brokers.mutual.certificates)}
