"""The operator's settings: one table of names, types and bounds, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "WORKQUEUE_OPERATOR_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """A setting is not what it should be."""

    def __init__(self, name: str, value: str, rule: str) -> None:
        super().__init__(f"{PREFIX}{name}={value!r}: {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the chart (or a person) sets; each default is here and in the chart's values alone."""

    watch_namespaces: tuple[str, ...]  # none means all
    log_level: str
    http_port: int
    read_cpu_percent: int  # of one core, for reading queues
    step_threads: int
    let_go_seconds: int  # a deletion waits no longer for a silent broker
    runtime_image: str  # of the worker, beside a server of the user's; "" where nobody said

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read the environment.

        Raises:
            SettingsError: names the variable, its value and the rule it breaks.
        """
        names = env.get(f"{PREFIX}WATCH_NAMESPACES", "")
        return cls(
            watch_namespaces=_names(names),
            log_level=_choice(env, "LOG_LEVEL", "INFO", LOG_LEVELS),
            http_port=_number(env, "HTTP_PORT", 8080, 1, 65535),
            read_cpu_percent=_number(env, "READ_CPU_PERCENT", 10, 1, 100),
            step_threads=_number(env, "STEP_THREADS", 8, 1, 64),
            let_go_seconds=_number(env, "LET_GO_SECONDS", 300, 1, 86_400),
            runtime_image=env.get(f"{PREFIX}RUNTIME_IMAGE", ""),
        )


def _names(text: str) -> tuple[str, ...]:
    """Separated by commas; each once, or it would be watched twice."""
    return tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))


def _choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(f"{PREFIX}{name}", default)
    if value.upper() not in allowed:
        raise SettingsError(name, value, f"must be one of {', '.join(allowed)}")
    return value.upper()


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = env.get(f"{PREFIX}{name}", str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise SettingsError(name, value, f"must be a whole number from {least} to {most}")
    return int(value)
