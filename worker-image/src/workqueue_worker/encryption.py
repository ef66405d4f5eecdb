"""TLS as the mounted files ask for it: whom to believe, and how to show who we are."""

from __future__ import annotations

import ssl
from pathlib import Path

from workqueue_worker.credentials import (
    AUTHORITIES,
    CERTIFICATE,
    KEY,
    CredentialsError,
    of_one_version,
)


def context(directory: Path | None) -> ssl.SSLContext:
    """Believe the authorities in `directory` and no others; without one, those of the image.

    Raises:
        CredentialsError: a file is missing, or is not what it should be. Never quotes a file.
    """
    if directory is None:
        return ssl.create_default_context()
    return of_one_version(directory, _context)


def _context(directory: Path) -> ssl.SSLContext:
    made = _believing(directory / AUTHORITIES)
    certificate, key = directory / CERTIFICATE, directory / KEY
    if certificate.exists() != key.exists():
        raise CredentialsError(
            f"{directory} has one of {CERTIFICATE} and {KEY} and not the other: put both into the "
            "Secret with the broker's authority, or neither"
        )
    if certificate.exists():
        try:
            made.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise CredentialsError(
                f"{CERTIFICATE} and {KEY} in {directory} are not a certificate and its key in PEM "
                f"form, without a password: {type(error).__name__}"
            ) from None
    return made


def _believing(authorities: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one
        raise CredentialsError(
            f"cannot read certificates in PEM form from {authorities}: {type(error).__name__}. "
            f"The Secret with the broker's authority needs the key {AUTHORITIES}"
        ) from None


def _no_password() -> str:
    """Without this OpenSSL would ask at a terminal, and wait."""
    raise ValueError("the key is encrypted")
