"""A queue's arguments and its policy, through the management API."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

from workqueue_operator.broker.management import queues_url, session_of, trouble_in_words
from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer, consumers_of
from workqueue_operator.core.upkeep import ManagementError, Policy

_ANSWER_SECONDS = 3.0
_WORDS = 300  # of what the broker says of a refusal


class ManagementUpkeep:
    """Implements ports.Upkeep; any thread may use it."""

    def arguments(self, access: Access, queue: str) -> Mapping[str, Any] | None:
        """See ports.Upkeep."""
        url = f"{queues_url(access)}/{quote(queue, safe='')}?columns=arguments"
        found = _ask(access, "GET", url, absent=None)
        return None if found is None else dict(found.get("arguments", {}))

    def consumers(self, access: Access, queue: str) -> Sequence[Consumer] | None:
        """See ports.Upkeep."""
        url = f"{queues_url(access)}/{quote(queue, safe='')}?columns=consumer_details"
        found = _ask(access, "GET", url, absent=None)
        return None if found is None else consumers_of(found)

    def policies(self, access: Access) -> Sequence[Policy]:
        """See ports.Upkeep."""
        found = _ask(access, "GET", _policies_url(access), absent=())
        return [policy_of(each) for each in found]

    def write_policy(self, access: Access, name: str, body: Mapping[str, Any]) -> None:
        """See ports.Upkeep."""
        _ask(access, "PUT", f"{_policies_url(access)}/{quote(name, safe='')}", body=body)

    def remove_policy(self, access: Access, name: str) -> None:
        """See ports.Upkeep."""
        _ask(access, "DELETE", f"{_policies_url(access)}/{quote(name, safe='')}", absent=None)


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


def _ask(
    access: Access, verb: str, url: str, *, body: Mapping[str, Any] | None = None, absent: Any = ()
) -> Any:
    """One request. absent: what a 404 means. Raises ManagementError."""
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
        return absent
    if not answer.ok or answer.is_redirect:
        raise ManagementError(answer.status_code, _words(answer))
    return answer.json() if answer.content else None


def _words(answer: requests.Response) -> str:
    """The broker's reason; the request, and with it any secret, is not quoted."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    words = said.get("reason") if isinstance(said, dict) else None
    return str(words or answer.reason)[:_WORDS]
