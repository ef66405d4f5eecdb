"""The operator's settings: read once, and refused with the rule that they break."""

from dataclasses import asdict

import pytest

from workqueue_operator.settings import PREFIX, Settings, SettingsError


def test_an_empty_environment_is_a_working_operator() -> None:
    assert asdict(Settings.from_env({})) == {
        "watch_namespaces": (),
        "log_level": "INFO",
        "http_port": 8080,
        "read_cpu_percent": 10,
        "step_threads": 8,
        "let_go_seconds": 300,
        "runtime_image": "",
    }


def test_what_is_set_is_taken() -> None:
    env = {
        "WATCH_NAMESPACES": " shop, mail ,,shop",
        "LOG_LEVEL": "debug",
        "HTTP_PORT": "9000",
        "READ_CPU_PERCENT": "100",
        "STEP_THREADS": "1",
        "LET_GO_SECONDS": "60",
    }
    settings = Settings.from_env({f"{PREFIX}{name}": value for name, value in env.items()})
    assert settings.watch_namespaces == ("shop", "mail")
    assert settings.log_level == "DEBUG"
    assert (settings.http_port, settings.read_cpu_percent) == (9000, 100)
    assert (settings.step_threads, settings.let_go_seconds) == (1, 60)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        pytest.param("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR", id="no level"),
        pytest.param("HTTP_PORT", "0", "from 1 to 65535", id="no port"),
        pytest.param("HTTP_PORT", "http", "whole number", id="no number"),
        pytest.param("READ_CPU_PERCENT", "101", "from 1 to 100", id="more than a core"),
        pytest.param("STEP_THREADS", "-1", "from 1 to 64", id="below the bound"),
        pytest.param("LET_GO_SECONDS", "1.5", "whole number", id="a fraction"),
        pytest.param("LET_GO_SECONDS", "", "whole number", id="empty"),
    ],
)
def test_a_bad_value_is_named_with_the_rule(name: str, value: str, rule: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({f"{PREFIX}{name}": value})
    assert f"{PREFIX}{name}={value!r}" in str(caught.value)
    assert rule in str(caught.value)
