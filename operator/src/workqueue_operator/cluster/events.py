"""Events on a WorkQueue: what `kubectl get events` and `kubectl describe wq` show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import CORE, collection
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import Json

VERBS = frozenset({("", "events", "create")})

MESSAGE_BYTES = 1024  # the API server refuses longer ones
_COMPONENT = "workqueue-operator"
_NAME_BYTES = 253
_CUT = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The WorkQueue that an event is about."""

    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Subject":
        """Take it from a WorkQueue as the API server gives it."""
        metadata = body["metadata"]
        return cls(namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"])


def build_event(  # noqa: PLR0913 - an Event has so many parts, and each is named by the caller
    subject: Subject,
    *,
    type: Literal["Normal", "Warning"],  # noqa: A002 - the field's own name
    reason: str,
    message: str,
    action: str,
    unique: str,
    now: datetime,
) -> Json:
    """Build a core/v1 Event.

    reason, action: CamelCase. message: cut to MESSAGE_BYTES. unique: hex, never used before for
    this WorkQueue; it makes the name, so that a repeated request cannot make a second event.
    """
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "namespace": subject.namespace,
            "name": f"{subject.name[: _NAME_BYTES - 1 - len(unique)]}.{unique}",
        },
        "involvedObject": {
            "apiVersion": "workqueue.dev/v1alpha1",
            "kind": "WorkQueue",
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
        },
        "type": type,
        "reason": reason,
        "message": _cut(message),
        "action": action,
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def post_event(api: Api, event: Json) -> None:
    """Create an Event; one that is there already was created by an earlier try."""
    try:
        api.request("POST", collection(CORE, event["metadata"]["namespace"], "events"), body=event)
    except ApiError as error:
        if error.status != 409:
            raise


def _cut(message: str) -> str:
    """At most MESSAGE_BYTES of UTF-8, no character cut in half."""
    encoded = message.encode(errors="replace")  # half a character from an odd file name, say
    if len(encoded) <= MESSAGE_BYTES:
        return encoded.decode()
    return encoded[: MESSAGE_BYTES - len(_CUT)].decode(errors="ignore") + _CUT
