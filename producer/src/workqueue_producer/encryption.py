"""TLS as the mounted files ask for it: whom to believe, and how to show who we are."""

import ssl

from workqueue_producer.errors import SettingsError
from workqueue_producer.settings import Access


def tls_context(access: Access) -> ssl.SSLContext | None:
    """Believes the authorities of the mounted folder, else the system's; None for plain AMQP.

    Raises:
        SettingsError: a file is missing, or is not what it should be. Never quotes a file.
    """
    if not access.tls:
        return None
    directory = access.tls_dir
    if directory is None:
        return ssl.create_default_context()
    authorities, certificate, key = (directory / name for name in ("ca.crt", "tls.crt", "tls.key"))
    if certificate.exists() != key.exists():
        raise SettingsError(f"{directory} has one of tls.crt and tls.key: mount both, or neither")
    try:
        made = ssl.create_default_context(cafile=authorities)
        if certificate.exists():
            made.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingsError(
            f"{directory} must hold ca.crt, and for mutual TLS tls.crt and tls.key, all in PEM "
            f"form and without a password ({type(error).__name__})"
        ) from None
    return made


def _no_password() -> str:
    """Without this OpenSSL would ask at a terminal, and wait."""
    raise ValueError("the key is encrypted")
