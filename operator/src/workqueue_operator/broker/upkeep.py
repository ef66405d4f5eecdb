"""A queue's arguments and its policy, through the management API."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from workqueue_operator.broker.management import queues_url, session_of, trouble_in_words
from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer, consumers_of
from workqueue_operator.core.upkeep import ManagementError, Policy

_ANSWER_SECONDS = 3.0
_WORDS = 300  # of what the broker says of a refusal
_STRANGE = (
    "spec.broker.managementUri answers something that is not of a management API, "
    "such as a page of a proxy"
)

T = TypeVar("T")


class ManagementUpkeep:
    """Implements ports.Upkeep; any thread may use it."""

    def arguments(self, access: Access, queue: str) -> Mapping[str, Any] | None:
        """See ports.Upkeep."""
        url = f"{queues_url(access)}/{quote(queue, safe='')}?columns=arguments"
        found = _get(access, url, dict)
        return None if found is None else dict(found.get("arguments", {}))

    def consumers(self, access: Access, queue: str) -> Sequence[Consumer] | None:
        """See ports.Upkeep."""
        url = f"{queues_url(access)}/{quote(queue, safe='')}?columns=consumer_details"
        found = _get(access, url, dict)
        return None if found is None else consumers_of(found)

    def policies(self, access: Access) -> Sequence[Policy]:
        """See ports.Upkeep."""
        found = _get(access, _policies_url(access), list)
        return [policy_of(each) for each in found or ()]

    def write_policy(self, access: Access, name: str, body: Mapping[str, Any]) -> None:
        """See ports.Upkeep."""
        _ask(access, "PUT", f"{_policies_url(access)}/{quote(name, safe='')}", body=body)

    def remove_policy(self, access: Access, name: str) -> None:
        """See ports.Upkeep."""
        _ask(access, "DELETE", f"{_policies_url(access)}/{quote(name, safe='')}")


def policy_of(row: Mapping[str, Any]) -> Policy:
    """Read one row of the list."""
    return Policy(
        name=str(row["name"]),
        pattern=str(row["pattern"]),
        apply_to=str(row.get("apply-to", "all")),
        priority=int(row.get("priority", 0)),
        definition=row.get("definition", {}),
    )


def _policies_url(access: Access) -> str:
    base = (access.management_uri or "").rstrip("/")
    return f"{base}/api/policies/{quote(access.vhost, safe='')}"


def _get(access: Access, url: str, kind: type[T]) -> T | None:
    """What the API says; None: there is no such thing. Raises ManagementError."""
    found = _ask(access, "GET", url)
    if found is not None and not isinstance(found, kind):
        raise ManagementError(requests.codes.ok, _STRANGE)
    return found


def _ask(access: Access, verb: str, url: str, *, body: Mapping[str, Any] | None = None) -> Any:
    """One request; None where nothing is there, or is said. Raises ManagementError."""
    try:
        with session_of(access) as session:
            answer = session.request(
                verb,
                url,
                json=body,
                timeout=_ANSWER_SECONDS,
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
        raise ManagementError(answer.status_code, _STRANGE) from None


def _words(answer: requests.Response) -> str:
    """The broker's reason; the request, and with it any secret, is not quoted."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    words = said.get("reason") if isinstance(said, dict) else None
    return str(words or answer.reason)[:_WORDS]
