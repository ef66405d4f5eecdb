"""HTTPS to the management API, with what an access believes and shows. Used by requests."""

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from workqueue_operator.broker.encryption import tls_context
from workqueue_operator.core.access import Access


class EncryptedAdapter(HTTPAdapter):
    """Believes the authorities of the access, and not those that requests brings."""

    def __init__(self, access: Access) -> None:
        self._access = access
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> Any:
        """See HTTPAdapter. A Secret that holds no certificates is a failed request, too."""
        settings = self.poolmanager.connection_pool_kw
        if "ssl_context" not in settings:
            try:
                settings["ssl_context"] = tls_context(self._access)
            except ssl.SSLError as error:
                raise requests.exceptions.SSLError(error, request=request) from error
        return super().send(request, *args, **named)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """See HTTPAdapter, which would add its own authorities to those of the context."""
        conn.cert_reqs = "CERT_REQUIRED"


def tls_words(error: BaseException) -> str:
    """OpenSSL's own words out of what requests wrapped them in; they hold no secret."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            words = (getattr(seen, each, None) for each in ("verify_message", "reason"))
            return str(next((each for each in words if each), seen))
        inner = (getattr(seen, "reason", None), *seen.args)
        seen = next((one for one in inner if isinstance(one, BaseException)), None)
    return type(error).__name__
