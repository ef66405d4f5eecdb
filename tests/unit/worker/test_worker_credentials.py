"""The Secret as files, in both of its forms, and what is said when it is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.certificates import mount
from workqueue_worker.credentials import BrokerAccess, CredentialsError, of_one_version, read

SECRET = "s3cret/@:%+ é"


def mounted(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory


def test_the_cluster_operators_secret_is_read(tmp_path: Path) -> None:
    files = mounted(tmp_path, host="rabbit.svc", port="5672", username="u", password=SECRET)
    expected = BrokerAccess(host="rabbit.svc", port=5672, username="u", password=SECRET)
    assert read(files) == expected


def test_a_newline_at_the_end_is_nobodys_password(tmp_path: Path) -> None:
    files = mounted(tmp_path, host="h\n", port="5672\n", username="u\n", password="p w\n")
    assert read(files) == BrokerAccess(host="h", port=5672, username="u", password="p w")


def test_port_5671_is_tls_as_for_the_operator(tmp_path: Path) -> None:
    files = mounted(tmp_path, host="h", port="5671", username="u", password="p")
    assert read(files) == BrokerAccess(host="h", port=5671, username="u", password="p", tls=True)


def test_a_secret_that_changes_while_it_is_read_is_read_whole(tmp_path: Path) -> None:
    # Given a mounted Secret of which a file has gone with the version that it belonged to
    old, new = ({"host": f"h{i}", "port": "5672", "username": "u", "password": i} for i in "12")
    mount(tmp_path, old)
    seen: list[Path] = []

    def reader(version: Path) -> str:
        seen.append(version)
        if len(seen) == 1:
            mount(tmp_path, new)
            raise CredentialsError("it vanished")
        return (version / "host").read_text() + (version / "password").read_text()

    # Then it is read again, from one version
    assert of_one_version(tmp_path, reader) == "h22"
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        pytest.param(
            "amqp://u:p%2F%40@h/vhost",
            BrokerAccess(host="h", port=5672, username="u", password="p/@"),
            id="a uri with a coded password; its vhost is not used",
        ),
        pytest.param(
            "amqps://u:p@h",
            BrokerAccess(host="h", port=5671, username="u", password="p", tls=True),
            id="a uri with TLS has another port",
        ),
        pytest.param(
            "amqp://u:p@[fd00::1]:5999",
            BrokerAccess(host="fd00::1", port=5999, username="u", password="p"),
            id="an IPv6 address",
        ),
    ],
)
def test_a_uri_is_read(tmp_path: Path, uri: str, expected: BrokerAccess) -> None:
    assert read(mounted(tmp_path, uri=uri)) == expected


@pytest.mark.parametrize(
    ("files", "says"),
    [
        pytest.param({}, "cannot read", id="nothing is mounted"),
        pytest.param(
            {"host": "h", "port": "5672", "username": "u"}, "password", id="a key is missing"
        ),
        pytest.param(
            {"host": "h", "port": "x", "username": "u", "password": "p"}, "port", id="no port"
        ),
        pytest.param(
            {"host": "", "port": "1", "username": "u", "password": "p"}, "empty", id="no host"
        ),
        pytest.param({"uri": "http://u:hunter2@h"}, "not of the form", id="another protocol"),
        pytest.param({"uri": "amqp://u:hunter2/x@h"}, "not of the form", id="an uncoded slash"),
        pytest.param({"uri": "amqp://a@hunter2/x@h"}, "not of the form", id="a slash in a name"),
        pytest.param({"uri": "amqp://h:5672"}, "not of the form", id="nobody's name"),
        pytest.param({"uri": "amqp://u:hunter2@h:70000"}, "not of the form", id="no such port"),
    ],
)
def test_what_cannot_be_read_is_refused_without_quoting_it(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    with pytest.raises(CredentialsError, match=says) as caught:
        read(mounted(tmp_path, **files))
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_password_is_not_in_the_text_of_the_access() -> None:
    access = BrokerAccess(host="h", port=1, username="u", password="hunter2")
    assert "hunter2" not in repr(access)
