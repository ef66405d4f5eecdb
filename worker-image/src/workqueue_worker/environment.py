"""The names in a worker's environment, and how their values are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

REQUIRED = (
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
    "WORKQUEUE_ISOLATION",
    "WORKQUEUE_SOFT_TIMEOUT_SECONDS",
    "WORKQUEUE_RETRY_DELAYS_SECONDS",
    "WORKQUEUE_MAX_CRASHES",
    "WORKQUEUE_TLS_DIR",
)
"""Absent or empty: the feature is off. A pod is not rendered anew for what nobody uses."""


class SettingsError(Exception):
    """What the worker was told cannot be done. Says what clashes, and the way out."""


def present(env: Mapping[str, str], name: str) -> str:
    try:
        return env[name]
    except KeyError:
        raise SettingsError(
            f"{name} is not set. The operator sets it in a worker's pod; to run a worker by "
            f"hand, set it and the others yourself: {', '.join(REQUIRED)}"
        ) from None


def text(env: Mapping[str, str], name: str) -> str:
    value = present(env, name)
    if not value:
        raise SettingsError(f"{name} is empty; give it a value")
    return value


def folder(env: Mapping[str, str], name: str) -> Path | None:
    """Absent or empty: what it is for is off."""
    said = env.get(name, "")
    return Path(said) if said else None


def optional_integer(env: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    return integer(env, name, lowest, highest) if env.get(name) else None


def steps(env: Mapping[str, str], name: str) -> tuple[int, ...]:
    """`1,10,60`: seconds, ascending."""
    said = env.get(name, "")
    words = said.split(",") if said else []
    steps = tuple(int(word) for word in words if word.isascii() and word.isdigit())
    if len(steps) < len(words) or list(steps) != sorted(set(steps)) or 0 in steps:
        raise SettingsError(
            f"{name} is {said!r}; give whole seconds that ascend, with commas between: 1,10,60"
        )
    return steps


def integer(env: Mapping[str, str], name: str, lowest: int, highest: int) -> int:
    said = text(env, name)
    try:
        value = int(said)
    except ValueError:
        raise SettingsError(f"{name} is {said!r}; give a whole number") from None
    if not lowest <= value <= highest:
        raise SettingsError(f"{name} is {value}; give a number from {lowest} to {highest}")
    return value


def choice(env: Mapping[str, str], name: str, *choices: str) -> str:
    """One of `choices`; absent or empty, the first."""
    value = env.get(name) or choices[0]
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}; give one of {', '.join(choices)}")
    return value
