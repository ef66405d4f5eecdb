"""What a worker runs, as `spec.worker.handler` says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from workqueue_worker.environment import SettingsError

WAYS_OUT = (
    'give {"python": "package.module:function"}, {"command": ["program", "argument"]} or '
    '{"http": {"port": 8080, "path": "/"}}'
)


@dataclass(frozen=True, slots=True)
class PythonHandler:
    """A function of this image, as `package.module:function`."""

    target: str


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """A program of this image and its arguments; the task comes on its standard input."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HttpHandler:
    """A server in the same pod that gets a POST for each task."""

    port: int
    path: str = "/"


HandlerSpec = PythonHandler | CommandHandler | HttpHandler


def parse(text: str) -> HandlerSpec:
    """Read the JSON of WORKQUEUE_HANDLER.

    Raises:
        SettingsError: it is none, or names nothing that this runtime can run.
    """
    try:
        spec = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"WORKQUEUE_HANDLER is no JSON ({error}): {text!r}; {WAYS_OUT}"
        ) from None
    match spec:
        case {"python": str(target), **rest} if not rest:
            return PythonHandler(target)
        case {"command": [_, *_] as argv, **rest} if not rest and _all_text(argv):
            return CommandHandler(tuple(argv))
        case {"http": {"port": int(port), **options}, **rest} if not rest and 0 < port < 65536:
            return HttpHandler(port, _path(options))
        case {"own": _}:
            raise SettingsError(
                "the handler is `own`: the image brings its own consumer, and workqueue-worker "
                "must not run beside it. Remove workqueue-worker from the pod's command, or "
                + WAYS_OUT
            )
    raise SettingsError(f"WORKQUEUE_HANDLER is {text!r}; {WAYS_OUT}")


def _all_text(argv: list[Any]) -> bool:
    return all(isinstance(word, str) for word in argv)


def _path(options: dict[Any, Any]) -> str:
    path = options.pop("path", "/")
    # Anything else makes http.client refuse the request, at every task.
    if isinstance(path, str) and re.fullmatch(r"/[!-~]*", path) and not options:
        return path
    raise SettingsError(
        f"WORKQUEUE_HANDLER: the path {path!r} is none; begin it with / and percent-encode what "
        "is no printable ASCII"
    )
