"""One question to the management API. The totals list alone has a way of its own."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

from workqueue_operator.broker.management import queues_url, session_of, trouble_in_words
from workqueue_operator.core.access import Access
from workqueue_operator.core.upkeep import ManagementError

STRANGE = (
    "spec.broker.managementUri answers something that is not of a management API, "
    "such as a page of a proxy"
)
_WORDS = 300  # of what the broker says of a refusal


def queue_url(access: Access, queue: str) -> str:
    """Where one queue of the vhost is."""
    return f"{queues_url(access)}/{quote(queue, safe='')}"


def ask(
    access: Access,
    url: str,
    *,
    seconds: float,
    verb: str = "GET",
    params: Mapping[str, str | int] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Any:
    """The JSON that is answered within so many seconds; None where nothing is there, or is said.

    Raises:
        ManagementError: it refused, did not answer, or answered something strange.
    """
    try:
        with session_of(access) as session:
            answer = session.request(
                verb,
                url,
                params=params,
                json=body,
                timeout=seconds,
                allow_redirects=False,  # the password is not for whoever answers elsewhere
            )
    except requests.RequestException as error:
        raise ManagementError(0, trouble_in_words(error)) from None
    if answer.status_code == requests.codes.not_found and verb != "PUT":
        return None
    if not answer.ok or answer.is_redirect:
        raise ManagementError(answer.status_code, _words(answer))
    try:
        return answer.json() if answer.content else None
    except ValueError:
        raise ManagementError(answer.status_code, STRANGE) from None


def _words(answer: requests.Response) -> str:
    """The broker's reason; the request, and with it any secret, is not quoted."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    words = said.get("reason") if isinstance(said, dict) else None
    return str(words or answer.reason)[:_WORDS]
