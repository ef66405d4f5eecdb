"""The environment of a worker's pod is a contract: every name is read, and none is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workqueue_worker.settings import ENVIRONMENT, OPTIONAL, Settings

CONTRACT = {
    "WORKQUEUE_QUEUE": "mail",
    "WORKQUEUE_VHOST": "/",
    "WORKQUEUE_DEAD_LETTER_QUEUE": "mail.dead",
    "WORKQUEUE_BROKER_DIR": "/var/run/workqueue/broker",
    "WORKQUEUE_HANDLER": '{"python": "mail:send"}',
    "WORKQUEUE_MAX_ATTEMPTS": "5",
    "WORKQUEUE_TASK_TIMEOUT_SECONDS": "600",
    "WORKQUEUE_PREFETCH": "1",
    "WORKQUEUE_PROBE_PORT": "9400",
    "WORKQUEUE_POD_NAME": "mail-7",
}
ONLY_WHEN_ASKED_FOR = {
    "WORKQUEUE_ISOLATION": "Process",
    "WORKQUEUE_SOFT_TIMEOUT_SECONDS": "500",
    "WORKQUEUE_RETRY_DELAYS_SECONDS": "1,10,60",
    "WORKQUEUE_MAX_CRASHES": "3",
    "WORKQUEUE_TLS_DIR": "/etc/workqueue/tls",
}


class Recorder(Mapping[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_ = values
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def test_the_worker_reads_every_name_and_no_other() -> None:
    env = Recorder(CONTRACT | ONLY_WHEN_ASKED_FOR)
    Settings.from_env(env)
    assert env.read == set(env)


def test_without_what_nobody_asked_for_its_environment_is_whole() -> None:
    absent = Settings.from_env(CONTRACT)
    assert Settings.from_env(CONTRACT | dict.fromkeys(ONLY_WHEN_ASKED_FOR, "")) == absent


def test_the_worker_declares_what_it_reads() -> None:
    assert set(ENVIRONMENT) == set(CONTRACT)
    assert set(OPTIONAL) == set(ONLY_WHEN_ASKED_FOR)
    assert len(ENVIRONMENT + OPTIONAL) == len({*ENVIRONMENT, *OPTIONAL})
