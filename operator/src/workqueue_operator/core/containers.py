"""The containers of a pod, as its status tells of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workqueue_operator.core.podtemplate import CONTAINER

LAST_LINES = 4
LAST_CHARACTERS = 400
"""What a crash said last is shown so far; the whole is in its log."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    15: "SIGTERM",
}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of one pod; sidecars and init containers, too."""

    pod: str
    name: str
    image: str
    ready: bool
    restarts: int
    waiting: Json  # why it waits: reason, message
    ended: Json  # how it ended last: exitCode, reason, message
    running_since: str | None  # RFC 3339

    @property
    def where(self) -> str:
        """How people find it."""
        beside = "" if self.name == CONTAINER else f", container {self.name}"
        return f"pod {self.pod}{beside}"

    @property
    def words(self) -> str:
        """All that is said about it."""
        return f"{self.waiting.get('message', '')} {self.ended.get('message', '')}"

    @property
    def crashes(self) -> bool:
        """It ends again and again; once may happen to anybody."""
        return self.waiting.get("reason") == "CrashLoopBackOff" or (
            bool(self.ended) and self.restarts > 1
        )

    def story(self) -> str:
        """How it ends, and its last lines."""
        code = self.ended.get("exitCode", "unknown")
        lines = _last_lines(self.ended.get("message", ""))
        return (
            f"{self.where} ends with exit code {code} ({self._cause()}), restarted "
            f"{self.restarts} times: see kubectl logs --previous {self.pod} -c {self.name}"
            + (f"; its last lines: {lines}" if lines else "")
        )

    def _cause(self) -> str:
        reason = str(self.ended.get("reason", "Error"))
        signal = _SIGNALS.get(self.ended.get("exitCode", 0) - 128)
        return signal if signal and reason == "Error" else reason


def containers(pod: Json) -> Iterator[Container]:
    """Those that have a status, in the order in which they start."""
    status = pod.get("status", {})
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind, ()):
            yield _container(pod["metadata"]["name"], each)


def _container(pod: str, status: Json) -> Container:
    state = status.get("state", {})
    ended = state.get("terminated") or status.get("lastState", {}).get("terminated") or {}
    return Container(
        pod=pod,
        name=status["name"],
        image=status["image"],
        ready=status.get("ready", False),
        restarts=status.get("restartCount", 0),
        waiting=state.get("waiting", {}),
        ended=ended,
        running_since=state.get("running", {}).get("startedAt"),
    )


def is_ready(pod: Json) -> bool:
    """The pod as a whole."""
    return ready_since(pod) is not None


def ready_since(pod: Json) -> str | None:
    """RFC 3339, "" where the pod does not say since when; None: it is not ready."""
    for each in pod.get("status", {}).get("conditions", ()):
        if each["type"] == "Ready" and each["status"] == "True":
            return str(each.get("lastTransitionTime", ""))
    return None


def seconds_since(time: str | None, now: datetime) -> float:
    """0 where nobody says since when. time: RFC 3339."""
    return (now - datetime.fromisoformat(time)).total_seconds() if time else 0.0


def _last_lines(text: str) -> str:
    """In one line, without what could move a terminal's cursor."""
    lines = [_CONTROL.sub(" ", line).strip() for line in text.splitlines()]
    told = " | ".join([line for line in lines if line][-LAST_LINES:])
    return told if len(told) <= LAST_CHARACTERS else f"...{told[-LAST_CHARACTERS:]}"
