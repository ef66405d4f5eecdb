"""Everything a worker is told, read once from its environment. The operator writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workqueue_worker import environment, handler_spec
from workqueue_worker.environment import OPTIONAL, SettingsError
from workqueue_worker.environment import REQUIRED as ENVIRONMENT
from workqueue_worker.handler_spec import CommandHandler, HandlerSpec, HttpHandler, PythonHandler
from workqueue_worker.outcome import Rules

__all__ = [
    "ENVIRONMENT",
    "OPTIONAL",
    "CommandHandler",
    "HttpHandler",
    "PythonHandler",
    "Settings",
    "SettingsError",
]


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
    isolated: bool = False  # the function runs in a process of its own
    soft_timeout_seconds: int | None = None  # below task_timeout_seconds
    retry_delays_seconds: tuple[int, ...] = ()
    max_crashes: int | None = None
    tls_dir: Path | None = None  # ca.crt [tls.crt, tls.key]; TLS whatever the port
    # Not in the environment: a dead connection is noticed after about two of these, and the
    # broker's own advice is 5 to 20 s. Tests shorten it.
    heartbeat_seconds: int = 20

    def __post_init__(self) -> None:
        if (self.soft_timeout_seconds or 0) >= self.task_timeout_seconds:
            raise SettingsError(
                f"WORKQUEUE_SOFT_TIMEOUT_SECONDS is {self.soft_timeout_seconds}, and the hard "
                f"limit {self.task_timeout_seconds} s comes first: lower the one or raise the other"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the names of ENVIRONMENT and OPTIONAL.

        Raises:
            SettingsError: one is missing or means nothing.
        """
        return cls(
            queue=environment.text(env, "WORKQUEUE_QUEUE"),
            vhost=environment.text(env, "WORKQUEUE_VHOST"),
            dead_letter_queue=environment.present(env, "WORKQUEUE_DEAD_LETTER_QUEUE"),
            broker_dir=Path(environment.text(env, "WORKQUEUE_BROKER_DIR")),
            handler=handler_spec.parse(environment.text(env, "WORKQUEUE_HANDLER")),
            max_attempts=environment.integer(env, "WORKQUEUE_MAX_ATTEMPTS", 1, 2**31 - 1),
            task_timeout_seconds=environment.integer(
                env, "WORKQUEUE_TASK_TIMEOUT_SECONDS", 1, 10**8
            ),
            prefetch=environment.integer(env, "WORKQUEUE_PREFETCH", 1, 65535),
            probe_port=environment.integer(env, "WORKQUEUE_PROBE_PORT", 1, 65535),
            pod_name=environment.text(env, "WORKQUEUE_POD_NAME"),
            isolated=environment.choice(env, "WORKQUEUE_ISOLATION", "Thread", "Process")
            == "Process",
            soft_timeout_seconds=environment.optional_integer(
                env, "WORKQUEUE_SOFT_TIMEOUT_SECONDS", 1, 10**8
            ),
            retry_delays_seconds=environment.steps(env, "WORKQUEUE_RETRY_DELAYS_SECONDS"),
            max_crashes=environment.optional_integer(env, "WORKQUEUE_MAX_CRASHES", 1, 100),
            tls_dir=environment.folder(env, "WORKQUEUE_TLS_DIR"),
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
