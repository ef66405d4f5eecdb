"""Everything a worker is told, read once from its environment. The operator writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workqueue_worker.outcome import Rules

ENVIRONMENT = (
    "WORKQUEUE_QUEUE",
    "WORKQUEUE_VHOST",
    "WORKQUEUE_DEAD_LETTER_QUEUE",
    "WORKQUEUE_BROKER_DIR",
    "WORKQUEUE_HANDLER",
    "WORKQUEUE_MAX_ATTEMPTS",
    "WORKQUEUE_TASK_TIMEOUT_SECONDS",
    "WORKQUEUE_PREFETCH",
    "WORKQUEUE_PROBE_PORT",
    "WORKQUEUE_POD_NAME",
)
"""What the operator always sets. What is absent is a bug there."""

OPTIONAL = (
    "WORKQUEUE_RETRY_DELAYS_SECONDS",
    "WORKQUEUE_MAX_CRASHES",
    "WORKQUEUE_TLS_DIR",
)
"""Absent or empty: the feature is off. A pod is not rendered anew for what nobody uses."""

HANDLER_WAYS_OUT = (
    'give {"python": "package.module:function"} or {"command": ["program", "argument"]}'
)


class SettingsError(Exception):
    """What the worker was told cannot be done. Says what clashes, and the way out."""


@dataclass(frozen=True, slots=True)
class PythonHandler:
    """A function of this image, as `package.module:function`."""

    target: str


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """A program of this image and its arguments; the task comes on its standard input."""

    argv: tuple[str, ...]


HandlerSpec = PythonHandler | CommandHandler


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An instance that exists is valid."""

    queue: str
    vhost: str
    dead_letter_queue: str
    broker_dir: Path
    handler: HandlerSpec
    max_attempts: int
    task_timeout_seconds: int
    prefetch: int
    probe_port: int
    pod_name: str
    retry_delays_seconds: tuple[int, ...] = ()
    max_crashes: int | None = None
    tls_dir: Path | None = None  # ca.crt [tls.crt, tls.key]; TLS whatever the port
    # Not in the environment: a dead connection is noticed after about two of these, and the
    # broker's own advice is 5 to 20 s. Tests shorten it.
    heartbeat_seconds: int = 20

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the names of ENVIRONMENT and OPTIONAL.

        Raises:
            SettingsError: one is missing or means nothing.
        """
        return cls(
            queue=_text(env, "WORKQUEUE_QUEUE"),
            vhost=_text(env, "WORKQUEUE_VHOST"),
            dead_letter_queue=_present(env, "WORKQUEUE_DEAD_LETTER_QUEUE"),
            broker_dir=Path(_text(env, "WORKQUEUE_BROKER_DIR")),
            handler=_handler(_text(env, "WORKQUEUE_HANDLER")),
            max_attempts=_integer(env, "WORKQUEUE_MAX_ATTEMPTS", 1, 2**31 - 1),
            task_timeout_seconds=_integer(env, "WORKQUEUE_TASK_TIMEOUT_SECONDS", 1, 10**8),
            prefetch=_integer(env, "WORKQUEUE_PREFETCH", 1, 65535),
            probe_port=_integer(env, "WORKQUEUE_PROBE_PORT", 1, 65535),
            pod_name=_text(env, "WORKQUEUE_POD_NAME"),
            retry_delays_seconds=_steps(env, "WORKQUEUE_RETRY_DELAYS_SECONDS"),
            max_crashes=_optional_integer(env, "WORKQUEUE_MAX_CRASHES", 1, 100),
            tls_dir=_folder(env, "WORKQUEUE_TLS_DIR"),
        )

    @property
    def rules(self) -> Rules:
        return Rules(
            queue=self.queue,
            dead_letter_queue=self.dead_letter_queue,
            max_attempts=self.max_attempts,
            retry_delays_seconds=self.retry_delays_seconds,
            max_crashes=self.max_crashes,
        )


def _present(env: Mapping[str, str], name: str) -> str:
    try:
        return env[name]
    except KeyError:
        raise SettingsError(
            f"{name} is not set. The operator sets it in a worker's pod; to run a worker by "
            f"hand, set it and the others yourself: {', '.join(ENVIRONMENT)}"
        ) from None


def _text(env: Mapping[str, str], name: str) -> str:
    value = _present(env, name)
    if not value:
        raise SettingsError(f"{name} is empty; give it a value")
    return value


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    """Absent or empty: what it is for is off."""
    text = env.get(name, "")
    return Path(text) if text else None


def _optional_integer(env: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    return _integer(env, name, lowest, highest) if env.get(name) else None


def _steps(env: Mapping[str, str], name: str) -> tuple[int, ...]:
    """`1,10,60`: seconds, ascending."""
    text = env.get(name, "")
    words = text.split(",") if text else []
    steps = tuple(int(word) for word in words if word.isascii() and word.isdigit())
    if len(steps) < len(words) or list(steps) != sorted(set(steps)) or 0 in steps:
        raise SettingsError(
            f"{name} is {text!r}; give whole seconds that ascend, with commas between: 1,10,60"
        )
    return steps


def _integer(env: Mapping[str, str], name: str, lowest: int, highest: int) -> int:
    text = _text(env, name)
    try:
        value = int(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; give a whole number") from None
    if not lowest <= value <= highest:
        raise SettingsError(f"{name} is {value}; give a number from {lowest} to {highest}")
    return value


def _handler(text: str) -> HandlerSpec:
    try:
        spec = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"WORKQUEUE_HANDLER is no JSON ({error}): {text!r}; {HANDLER_WAYS_OUT}"
        ) from None
    match spec:
        case {"python": str(target), **rest} if not rest:
            return PythonHandler(target)
        case {"command": [_, *_] as argv, **rest} if not rest and _all_text(argv):
            return CommandHandler(tuple(argv))
        case {"own": _}:
            raise SettingsError(
                "the handler is `own`: the image brings its own consumer, and workqueue-worker "
                "must not run beside it. Remove workqueue-worker from the pod's command, or "
                + HANDLER_WAYS_OUT
            )
    raise SettingsError(f"WORKQUEUE_HANDLER is {text!r}; {HANDLER_WAYS_OUT}")


def _all_text(argv: list[Any]) -> bool:
    return all(isinstance(word, str) for word in argv)
