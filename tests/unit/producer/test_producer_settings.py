"""The Secret's files, the options and the environment; and no value of a Secret in an error."""

import traceback
from pathlib import Path

import pytest

from workqueue_producer.cli import build_parser, main, target_from
from workqueue_producer.errors import SettingsError
from workqueue_producer.settings import Access, Target, read_access

PASSWORD = "s3cret/@%"


def mount(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def an_access(**changes: object) -> Access:
    values: dict[str, object] = {
        "host": "rabbitmq",
        "port": 5672,
        "tls": False,
        "vhost": "/",
        "username": "user",
        "password": PASSWORD,
        **changes,
    }
    return Access(**values)  # type: ignore[arg-type]  # a table of changes has no types


@pytest.mark.parametrize(
    ("files", "vhost", "expected"),
    [
        pytest.param(
            {"host": "rabbitmq\n", "port": "5673\n", "username": "user\n", "password": PASSWORD},
            None,
            an_access(port=5673),
            id="the Cluster Operator's files, line ends and all",
        ),
        pytest.param(
            {"host": "rabbitmq", "username": "user", "password": PASSWORD},
            "team",
            an_access(vhost="team"),
            id="no port is AMQP's own",
        ),
        pytest.param(
            {"host": "rabbitmq", "port": "5671", "username": "user", "password": PASSWORD},
            None,
            an_access(port=5671, tls=True),
            id="port 5671 is TLS",
        ),
        pytest.param(
            {"uri": "amqp://user:s3cret%2F%40%25@rabbitmq/%2Fteam", "host": "ignored"},
            None,
            an_access(vhost="/team"),
            id="one uri wins, with its vhost",
        ),
        pytest.param(
            {"uri": "amqps://user:s3cret%2F%40%25@rabbitmq"},
            "team",
            an_access(port=5671, tls=True, vhost="team"),
            id="a uri without a vhost takes the one asked for",
        ),
    ],
)
def test_the_mounted_secret_says_where_and_as_whom(
    tmp_path: Path, files: dict[str, str], vhost: str | None, expected: Access
) -> None:
    assert read_access(mount(tmp_path, **files), vhost) == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({}, "no host, username, password in .*mount the broker's Secret", id="empty"),
        pytest.param({"host": "h", "username": "u"}, "no password in", id="no password"),
        pytest.param(
            {"host": "h", "username": "u", "password": PASSWORD, "port": "amqp"},
            "port is not a number",
            id="a port that is a word",
        ),
        pytest.param({"uri": "http://u:s3cret@h"}, "must look like amqp", id="not AMQP"),
        pytest.param(
            {"uri": "amqp://u:s3cret:p@h:s3cret"},
            "is not a URI",
            id="a password that is not encoded",
        ),
        pytest.param({"uri": "amqp://u:s3cret@h/one"}, "names vhost 'one', but", id="two vhosts"),
    ],
)
def test_a_secret_that_is_wrong_is_named_but_never_quoted(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read_access(mount(tmp_path, **files), "two")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_password_is_not_in_what_the_access_prints() -> None:
    assert PASSWORD not in repr(an_access())


def test_given_a_file_that_is_not_text_then_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "host").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"cannot read .*/host: UnicodeDecodeError"):
        read_access(tmp_path, None)


def target(*arguments: str, **environ: str) -> Target:
    return target_from(build_parser(environ).parse_args(["publish", *arguments]))


def test_the_environment_gives_the_defaults_and_options_win() -> None:
    environ = {
        "WORKQUEUE_QUEUE": "tasks",
        "WORKQUEUE_VHOST": "team",
        "WORKQUEUE_BROKER_DIR": "/mnt",
    }
    plain = target("x", **environ)
    assert (plain.queue, plain.vhost, plain.broker_dir) == ("tasks", "team", Path("/mnt"))
    chosen = target("--queue", "q", "--vhost", "v", "--broker-dir", "/b", "x", **environ)
    assert (chosen.queue, chosen.vhost, chosen.broker_dir) == ("q", "v", Path("/b"))


def test_without_an_environment_the_defaults_are_the_mounted_secret_and_no_vhost() -> None:
    bare = target("--queue", "q", "x")
    assert bare == Target(
        queue="q",
        vhost=None,
        broker_dir=Path("/var/run/workqueue/broker"),
        tls_dir=Path("/etc/workqueue/tls"),
        content_type="text/plain",
        window=256,
        retry_seconds=60,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["x"], "no queue: give --queue or set WORKQUEUE_QUEUE", id="no queue"),
        pytest.param(["--queue", "q", "--window", "0", "x"], "--window must", id="no window"),
        pytest.param(
            ["--queue", "q", "--retry-seconds", "-1", "x"], "--retry-seconds must", id="negative"
        ),
        pytest.param(["--queue", "q", "--retry-seconds", "nan", "x"], "must be 0", id="no number"),
    ],
)
def test_options_out_of_bounds_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        target(*arguments)


def test_given_a_missing_secret_then_the_exit_code_is_2_and_stdout_is_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["publish", "--queue", "q", "--broker-dir", str(tmp_path), "--output=json", "x"])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("workqueue-producer: error: no host, username, password in")


def test_given_an_unknown_option_then_the_exit_code_is_2() -> None:
    with pytest.raises(SystemExit) as left:
        main(["publish", "--password", "x"])
    assert left.value.code == 2
