"""Whom to believe in a TLS session, and what to show of ourselves, as read from a Secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workqueue_operator.core.errors import SecretError

AUTHORITIES, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """PEM texts. Certificate and key are both there, or neither."""

    authorities: str = field(repr=False)
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)


def trust_from_secret(name: str, data: Mapping[str, bytes]) -> Trust:
    """Read the Secret of spec.broker.caSecretName: ca.crt, and for mTLS tls.crt and tls.key.

    Raises:
        SecretError: a key is missing or is not PEM. Never quotes a value.
    """
    certificate, key = (_pem(name, data, each) for each in (CERTIFICATE, KEY))
    authorities = _pem(name, data, AUTHORITIES)
    if authorities is None:
        raise SecretError(
            f"Secret {name!r} (spec.broker.caSecretName) lacks {AUTHORITIES}: it must hold the "
            f"authorities that signed the broker's certificate, in PEM form"
        )
    if (certificate is None) != (key is None):
        raise SecretError(
            f"Secret {name!r} (spec.broker.caSecretName) has one of {CERTIFICATE} and {KEY} and "
            f"not the other: put both in, or neither"
        )
    return Trust(authorities=authorities, certificate=certificate, key=key)


def _pem(name: str, data: Mapping[str, bytes], key: str) -> str | None:
    """The text of a key; None when it is absent or empty."""
    try:
        text = data.get(key, b"").decode("ascii")
    except UnicodeDecodeError:  # it quotes the byte
        text = "no PEM"
    if text.strip() and "-----BEGIN " not in text:
        raise SecretError(f"Secret {name!r} has a {key} that is not in PEM form")
    return text if text.strip() else None
