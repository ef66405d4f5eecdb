"""A Secret that changed: the old connection goes on reading until the new one has answered."""

from dataclasses import dataclass

from workqueue_operator.controller.watches import Target
from workqueue_operator.core.errors import (
    AuthenticationFailedError,
    TLSFailedError,
    VhostDeniedError,
)
from workqueue_operator.core.pods import Trouble
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown

REFUSED = frozenset({AuthenticationFailedError.reason, VhostDeniedError.reason})
USELESS = REFUSED | {TLSFailedError.reason}
"""What is read with such an access is nothing, and only another access will change that."""


@dataclass(slots=True)
class Succession:
    """What one WorkQueue knows of its next access. Guarded by the lock of its state."""

    target: Target | None = None  # the same queue, by what the Secret says now
    heard: Reading | None = None  # from there
    unusable: Trouble | None = None  # the Secret says nothing that one could come with
    told: bool = False  # of the refusal, in an event

    def begin(self, target: Target) -> None:
        """Another access is tried from now on."""
        self.target, self.heard = target, None

    def end(self) -> None:
        """None is tried any more."""
        self.target = self.heard = None

    def hear(self, reading: Reading) -> bool:
        """Take in what was read there; returns whether a step follows from it."""
        before, self.heard = self.heard, reading
        return _words(before) != _words(reading)

    def has_answered(self) -> bool:
        """Whether the queue can be read there."""
        return isinstance(self.heard, Known | Missing)

    def refusal(self, current: Reading | None) -> Trouble | None:
        """Why the new access is not used, while the one in use works."""
        if not isinstance(current, Known | Missing):
            return None
        if self.unusable is None and isinstance(self.heard, Unknown):
            return Trouble(reason=self.heard.reason, message=self.heard.why)
        return self.unusable


def is_useless(reading: Reading | None) -> bool:
    """Whether nothing is lost with the access that told this."""
    return reading is None or (isinstance(reading, Unknown) and reading.reason in USELESS)


def _words(reading: Reading | None) -> object:
    """A number of tasks that changes is no news here."""
    return (reading.reason, reading.why) if isinstance(reading, Unknown) else type(reading)
