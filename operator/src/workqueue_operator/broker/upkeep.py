"""A queue's arguments and its policy, through the management API."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from workqueue_operator.broker.asking import STRANGE, ask, queue_url
from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer, consumers_of
from workqueue_operator.core.upkeep import ManagementError, Policy

_ANSWER_SECONDS = 3.0

T = TypeVar("T")


class ManagementUpkeep:
    """Implements ports.Upkeep; any thread may use it."""

    def arguments(self, access: Access, queue: str) -> Mapping[str, Any] | None:
        """See ports.Upkeep."""
        found = _get(access, f"{queue_url(access, queue)}?columns=arguments", dict)
        return None if found is None else dict(found.get("arguments", {}))

    def consumers(self, access: Access, queue: str) -> Sequence[Consumer] | None:
        """See ports.Upkeep."""
        found = _get(access, f"{queue_url(access, queue)}?columns=consumer_details", dict)
        return None if found is None else consumers_of(found)

    def policies(self, access: Access) -> Sequence[Policy]:
        """See ports.Upkeep."""
        found = _get(access, _policies_url(access), list)
        return [policy_of(each) for each in found or ()]

    def write_policy(self, access: Access, name: str, body: Mapping[str, Any]) -> None:
        """See ports.Upkeep."""
        ask(access, _policy_url(access, name), verb="PUT", body=body, seconds=_ANSWER_SECONDS)

    def remove_policy(self, access: Access, name: str) -> None:
        """See ports.Upkeep."""
        ask(access, _policy_url(access, name), verb="DELETE", seconds=_ANSWER_SECONDS)


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


def _policy_url(access: Access, name: str) -> str:
    return f"{_policies_url(access)}/{quote(name, safe='')}"


def _get(access: Access, url: str, kind: type[T]) -> T | None:
    """What the API says; None: there is no such thing. Raises ManagementError."""
    found = ask(access, url, seconds=_ANSWER_SECONDS)
    if found is not None and not isinstance(found, kind):
        raise ManagementError(requests.codes.ok, STRANGE)
    return found
