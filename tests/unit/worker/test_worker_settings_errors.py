"""What a worker is told and cannot do: one clear sentence each."""

from __future__ import annotations

import pytest

from workqueue_worker.settings import (
    ENVIRONMENT,
    CommandHandler,
    HttpHandler,
    PythonHandler,
    Settings,
    SettingsError,
)

GOOD = {
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


def test_the_environment_of_a_pod_is_read() -> None:
    settings = Settings.from_env(GOOD)
    assert settings.handler == PythonHandler("mail:send")
    assert settings.rules.max_attempts == 5
    assert settings.heartbeat_seconds == 20


def test_a_command_is_read() -> None:
    env = GOOD | {"WORKQUEUE_HANDLER": '{"command": ["python", "resize.py"]}'}
    assert Settings.from_env(env).handler == CommandHandler(("python", "resize.py"))


def test_delays_and_crashes_are_read_into_the_rules() -> None:
    asked = {"WORKQUEUE_RETRY_DELAYS_SECONDS": "1,10,60", "WORKQUEUE_MAX_CRASHES": "3"}
    rules = Settings.from_env(GOOD | asked).rules
    assert (rules.retry_delays_seconds, rules.max_crashes) == ((1, 10, 60), 3)
    assert Settings.from_env(GOOD).rules.max_crashes is None


@pytest.mark.parametrize(
    ("text", "handler"),
    [
        pytest.param('{"http": {"port": 80}}', HttpHandler(80, "/"), id="a port alone"),
        pytest.param(
            '{"http": {"port": 80, "path": "/a?b=%20"}}', HttpHandler(80, "/a?b=%20"), id="a path"
        ),
    ],
)
def test_a_server_is_read(text: str, handler: HttpHandler) -> None:
    assert Settings.from_env(GOOD | {"WORKQUEUE_HANDLER": text}).handler == handler


def test_isolation_and_a_soft_limit_are_off_until_they_are_asked_for() -> None:
    plain = Settings.from_env(GOOD)
    assert (plain.isolated, plain.soft_timeout_seconds) == (False, None)
    asked = {"WORKQUEUE_ISOLATION": "Process", "WORKQUEUE_SOFT_TIMEOUT_SECONDS": "500"}
    settings = Settings.from_env(GOOD | asked)
    assert (settings.isolated, settings.soft_timeout_seconds) == (True, 500)


def test_no_dead_letters_are_an_empty_name() -> None:
    env = GOOD | {"WORKQUEUE_DEAD_LETTER_QUEUE": ""}
    assert Settings.from_env(env).rules.dead_letter_queue == ""


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_every_name_is_missed_by_name(name: str) -> None:
    env = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        Settings.from_env(env)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("WORKQUEUE_QUEUE", "", "is empty", id="an empty queue name"),
        pytest.param("WORKQUEUE_PREFETCH", "two", "whole number", id="a prefetch in words"),
        pytest.param("WORKQUEUE_PREFETCH", "0", "from 1 to", id="an unlimited prefetch"),
        pytest.param("WORKQUEUE_MAX_ATTEMPTS", "0", "from 1 to", id="no attempt at all"),
        pytest.param("WORKQUEUE_MAX_CRASHES", "0", "from 1 to", id="no start at all"),
        pytest.param("WORKQUEUE_RETRY_DELAYS_SECONDS", "10,1", "ascend", id="steps that descend"),
        pytest.param("WORKQUEUE_RETRY_DELAYS_SECONDS", "1,1", "ascend", id="a step given twice"),
        pytest.param("WORKQUEUE_RETRY_DELAYS_SECONDS", "0,5", "ascend", id="a delay of nothing"),
        pytest.param("WORKQUEUE_RETRY_DELAYS_SECONDS", "1,soon", "whole", id="a delay in words"),
        pytest.param("WORKQUEUE_PROBE_PORT", "70000", "to 65535", id="a port beyond all"),
        pytest.param("WORKQUEUE_HANDLER", "mail:send", "no JSON", id="a handler without JSON"),
        pytest.param("WORKQUEUE_HANDLER", "{}", "give", id="no handler"),
        pytest.param("WORKQUEUE_HANDLER", '{"command": []}', "give", id="an empty command"),
        pytest.param("WORKQUEUE_HANDLER", '{"command": [1]}', "give", id="a number as program"),
        pytest.param(
            "WORKQUEUE_HANDLER", '{"python": "a:b", "command": ["c"]}', "give", id="two handlers"
        ),
        pytest.param("WORKQUEUE_HANDLER", '{"http": {}}', "give", id="a server without a port"),
        pytest.param(
            "WORKQUEUE_HANDLER", '{"http": {"port": 0}}', "give", id="a port that is none"
        ),
        pytest.param(
            "WORKQUEUE_HANDLER",
            '{"http": {"port": 80, "path": "/a b"}}',
            "percent-encode",
            id="a path with a space",
        ),
        pytest.param("WORKQUEUE_ISOLATION", "Fork", "Thread, Process", id="unknown isolation"),
        pytest.param(
            "WORKQUEUE_SOFT_TIMEOUT_SECONDS",
            "600",
            "comes first",
            id="soft is no earlier than hard",
        ),
        pytest.param("WORKQUEUE_HANDLER", '{"own": {}}', "own consumer", id="the image's own"),
    ],
)
def test_nonsense_is_refused_with_the_way_out(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings.from_env(GOOD | {name: value})
