"""What RabbitMQ says when it refuses something about one queue, turned into our errors. Pure."""

import re
from collections.abc import Mapping

from workqueue_operator.core.errors import (
    AccessRefusedError,
    BrokerDegradedError,
    InvalidQueueError,
    QueueError,
    QueueLockedError,
    QueueMismatchError,
)

_CLASH = re.compile(r"inequivalent arg '(?P<argument>[^']+)'")
# Some arguments come with their AMQP type, some without; an absent one is a bare none.
_FOUND = re.compile(
    r"but current is (?:(?P<none>none)|(?:the value )?'(?P<found>.*?)'(?: of type '\w+')?)$"
)
_CUT = "another value (the broker's message was cut short)"

_BY_CODE: Mapping[int, type[QueueError]] = {
    403: AccessRefusedError,
    404: BrokerDegradedError,  # its node is down; "no queue" is told apart by is_absent()
    405: QueueLockedError,
    406: InvalidQueueError,
    540: InvalidQueueError,
    541: BrokerDegradedError,
}


def is_absent(code: int, text: str) -> bool:
    """Is this the sure word that there is no such queue?

    A queue whose node is down gets a 404, too, but with another text: that one is not missing.
    """
    return code == 404 and text.startswith("NOT_FOUND - no queue ")


def refusal(
    queue: str, code: int, text: str, *, wanted: Mapping[str, str] | None = None
) -> QueueError:
    """The error for a channel or connection closed with this AMQP code and text.

    wanted: the values that were asked for, by argument, for the message about a mismatch.
    """
    clash = _CLASH.search(text) if code == 406 else None
    if clash:
        argument = clash["argument"]
        asked = (wanted or {}).get(argument, "none")
        return QueueMismatchError(queue, argument, found=_found(text), wanted=asked)
    kind = _BY_CODE.get(code, QueueError)
    return kind(f"queue {queue!r}: the broker says {text!r} ({code})")


def _found(text: str) -> str:
    """What the queue has, in the broker's words. Its reply texts end at 255 bytes."""
    match = _FOUND.search(text)
    if match is None:
        return _CUT
    return "none" if match["none"] else repr(match["found"])
