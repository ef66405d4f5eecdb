"""TLS as the mounted files ask for it, and blanks and characters that belong to a password."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit import certificates
from workqueue_producer.encryption import tls_context
from workqueue_producer.errors import SettingsError
from workqueue_producer.settings import Access, of_one_version, read_access

SECRET = {"host": "rabbit", "port": "5673", "username": "u", "password": "p"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("authority"))


def context_of(tmp_path: Path, tls: Mapping[str, str], **secret: str) -> ssl.SSLContext | None:
    broker_dir = certificates.mount(tmp_path / "broker", SECRET | secret)
    tls_dir = certificates.mount(tmp_path / "tls", tls)
    return tls_context(read_access(broker_dir, None, tls_dir))


def test_only_the_mounted_authority_is_believed(tmp_path: Path, made: Path) -> None:
    context = context_of(tmp_path, certificates.trusting(made))
    assert context is not None
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_without_an_authority_the_port_decides(tmp_path: Path) -> None:
    assert context_of(tmp_path, {}) is None
    assert context_of(tmp_path, {}, port="5671") is not None


def test_a_certificate_of_ones_own_is_taken_with_its_key(tmp_path: Path, made: Path) -> None:
    assert context_of(tmp_path, certificates.mutual(made)) is not None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"ca.crt": "hunter2"}, "in PEM form", id="an authority that is none"),
        pytest.param({"tls.key": None}, "both, or neither", id="a certificate without its key"),
        pytest.param({"tls.key": "hunter2"}, "in PEM form", id="a key that is none"),
    ],
)
def test_files_that_do_not_fit_are_told_without_quoting_them(
    tmp_path: Path, made: Path, changed: dict[str, str | None], says: str
) -> None:
    data = {**certificates.mutual(made), **changed}
    whole = {name: text for name, text in data.items() if text is not None}
    with pytest.raises(SettingsError, match=says) as caught:
        context_of(tmp_path, whole)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_blanks_belong_to_a_password_and_newlines_to_nobody(tmp_path: Path) -> None:
    directory = certificates.mount(tmp_path, SECRET | {"password": " p w \n"})
    assert read_access(directory, None).password == " p w "


def test_a_password_that_was_not_encoded_is_never_told_as_a_host(tmp_path: Path) -> None:
    directory = certificates.mount(tmp_path, {"uri": "amqp://u@hunter2/x@h"})
    with pytest.raises(SettingsError, match="encode characters like") as caught:
        read_access(directory, None)
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_changes_is_read_from_one_version(tmp_path: Path) -> None:
    directory = certificates.mount(tmp_path, SECRET | {"username": "old"})
    before = read_access(directory, None)
    certificates.mount(tmp_path, SECRET | {"username": "new", "password": "newer"})
    after = read_access(directory, None)
    assert (before.username, before.password) == ("old", "p")
    assert (after.username, after.password) == ("new", "newer")


def test_a_version_that_vanishes_while_it_is_read_is_no_missing_secret(tmp_path: Path) -> None:
    directory = certificates.mount(tmp_path, SECRET)
    seen: list[Path] = []

    def reader(version: Path) -> Access:
        seen.append(version)
        if len(seen) == 1:
            certificates.mount(directory, SECRET | {"host": "new"})
            raise SettingsError("no host")
        return read_access(version, None)

    assert of_one_version(directory, reader).host == "new"
    assert seen[0] != seen[1]
