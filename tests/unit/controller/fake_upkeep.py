"""A management API that keeps the promises of ports.Upkeep, and counts questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer
from workqueue_operator.core.upkeep import ManagementError, Policy


@dataclass
class FakeUpkeep:
    """One vhost."""

    has: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # arguments, by queue
    rows: list[Policy] = field(default_factory=list)
    refusal: ManagementError | None = None  # of everything that has to do with policies
    consuming: dict[str, Sequence[Consumer]] = field(default_factory=dict)
    hidden: ManagementError | None = None  # who consumes is not told
    asked: list[str] = field(default_factory=list)

    def arguments(self, access: Access, queue: str) -> Mapping[str, Any] | None:
        """See ports.Upkeep."""
        assert access.management_uri is not None
        self.asked.append("arguments")
        return self.has.get(queue)

    def consumers(self, access: Access, queue: str) -> Sequence[Consumer] | None:
        """See ports.Upkeep."""
        assert access.management_uri is not None
        self.asked.append("consumers")
        if self.hidden is not None:
            raise self.hidden
        return self.consuming.get(queue)

    def policies(self, access: Access) -> Sequence[Policy]:
        """See ports.Upkeep."""
        assert access.management_uri is not None
        self._answer("policies")
        return list(self.rows)

    def write_policy(self, access: Access, name: str, body: Mapping[str, Any]) -> None:
        """See ports.Upkeep."""
        assert access.management_uri is not None
        self._answer("write")
        self.rows = [each for each in self.rows if each.name != name]
        row = Policy(
            name=name,
            pattern=body["pattern"],
            apply_to=body["apply-to"],
            priority=body["priority"],
            definition=body["definition"],
        )
        self.rows.append(row)

    def remove_policy(self, access: Access, name: str) -> None:
        """See ports.Upkeep."""
        assert access.management_uri is not None
        self._answer("remove")
        self.rows = [each for each in self.rows if each.name != name]

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.refusal is not None:
            raise self.refusal
