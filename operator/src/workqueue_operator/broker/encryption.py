"""TLS to a broker: the context of an access, and what it means when there is no session."""

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from workqueue_operator.core.access import Access
from workqueue_operator.core.trust import Trust

# OpenSSL's X509_V_ERR_*: what is wrong with the broker's certificate.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
# What the broker says about ours, in the last word of OpenSSL's reason.
_ALERTS: Mapping[str, str] = {
    "CERTIFICATE_REQUIRED": "wants a certificate of ours, and there is none",
    "HANDSHAKE_FAILURE": "ended the handshake; it may want a certificate of ours",
    "UNKNOWN_CA": "does not believe who signed our certificate",
    "BAD_CERTIFICATE": "does not accept our certificate",
    "CERTIFICATE_EXPIRED": "says that our certificate has expired",
    "CERTIFICATE_UNKNOWN": "does not accept our certificate",
    "CERTIFICATE_REVOKED": "says that our certificate is revoked",
}
_ALERT = re.compile(r"_ALERT_([A-Z_]+)")
_OURS = (
    "put tls.crt and tls.key, signed for the broker, into the Secret of spec.broker.caSecretName"
)


def tls_context(access: Access) -> ssl.SSLContext:
    """Believes the access's authorities and no others; without any, those of the system.

    Raises:
        ssl.SSLError: what the Secret holds is not what it should be.
    """
    if access.trust is None:
        return ssl.create_default_context()
    made = ssl.create_default_context(cadata=access.trust.authorities)
    with _pair(access.trust) as files:
        if files is not None:
            try:
                made.load_cert_chain(*files, password=_no_password)
            except ValueError as error:
                raise ssl.SSLError(0, str(error)) from None
    return made


def tls_trouble(access: Access, error: ssl.SSLError) -> str:
    """What went wrong, and the way out. Nothing of the Secret is in it."""
    server = access.server
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{server} {_distrust(access, error)}"
    reason = getattr(error, "reason", None) or ""  # OpenSSL's; our own errors have none
    if said := tls_alert(access, reason):
        return said
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return f"{server} does not speak TLS here: check the port (5671 is usual for TLS)"
    return (
        f"{server} gave no TLS session: {reason or error}. Check the port (5671 is usual for TLS) "
        f"and what is in the Secret of spec.broker.caSecretName"
    )


def tls_alert(access: Access, words: str) -> str | None:
    """What the broker says about our certificate, and the way out; None: nothing.

    In TLS 1.3 it says so after the handshake, and pika makes a text of it.
    """
    found = _ALERT.search(words)
    said = _ALERTS.get(found[1]) if found else None
    return f"{access.server} {said}: {_OURS}" if said else None


def tls_farewell(access: Access) -> str:
    """A session that was ended before a word was said; the alert may be lost with it."""
    return (
        f"{access.server} ended the TLS session at once: it may want a certificate of ours, or "
        f"another one ({_OURS}), or speak something else than AMQP here (5671 is usual)"
    )


def _distrust(access: Access, error: ssl.SSLCertVerificationError) -> str:
    code, words = error.verify_code, error.verify_message
    if code in _UNKNOWN_AUTHORITY:
        wanted = "those in ca.crt of spec.broker.caSecretName"
        if access.trust is None:
            wanted = "the system's: name a Secret with ca.crt in spec.broker.caSecretName"
        return (
            f"shows a certificate that none of our authorities signed ({words}); ours are {wanted}"
        )
    if code in _OTHER_NAME:
        return (
            f"shows a certificate for another name ({words}): use a name of the certificate as "
            f"host, or have it issued for {access.host!r}"
        )
    if code in {_EXPIRED, _NOT_YET_VALID}:
        return f"shows a certificate that is not valid now ({words}): renew it on the broker"
    return f"shows a certificate that cannot be believed ({words}): have it issued anew"


@contextmanager
def _pair(trust: Trust) -> Iterator[tuple[str, str] | None]:
    """Certificate and key as files, which is what OpenSSL reads: pipes, and nothing on a disk."""
    if trust.certificate is None or trust.key is None:
        yield None
        return
    certificate, key = _pipe(trust.certificate), _pipe(trust.key)
    try:
        yield f"/dev/fd/{certificate}", f"/dev/fd/{key}"
    finally:
        os.close(certificate)
        os.close(key)


def _pipe(text: str) -> int:
    """The end of a pipe from which this text can be read once.

    Raises:
        ssl.SSLError: it is longer than a pipe can hold (64 KiB), and no certificate is.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        whole = os.write(writing, text.encode()) == len(text.encode())
    finally:
        os.close(writing)
    if not whole:
        os.close(reading)
        raise ssl.SSLError(0, "the certificate or its key is too long")
    return reading


def _no_password() -> str:
    """Without this OpenSSL would ask at a terminal, and wait."""
    raise ValueError("the key is encrypted; take the password off")
