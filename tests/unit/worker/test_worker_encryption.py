"""TLS as the mounted files ask for it, and what is said when they do not fit."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit import certificates
from workqueue_worker import encryption
from workqueue_worker.connection import parameters
from workqueue_worker.credentials import BrokerAccess, CredentialsError
from workqueue_worker.settings import Settings

ENVIRONMENT = {
    "WORKQUEUE_QUEUE": "mail",
    "WORKQUEUE_VHOST": "/",
    "WORKQUEUE_DEAD_LETTER_QUEUE": "",
    "WORKQUEUE_BROKER_DIR": "/var/run/workqueue/broker",
    "WORKQUEUE_HANDLER": '{"python": "mail:send"}',
    "WORKQUEUE_MAX_ATTEMPTS": "5",
    "WORKQUEUE_TASK_TIMEOUT_SECONDS": "600",
    "WORKQUEUE_PREFETCH": "1",
    "WORKQUEUE_PROBE_PORT": "9400",
    "WORKQUEUE_POD_NAME": "mail-7",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("authority"))


def mounted(tmp_path: Path, data: Mapping[str, str]) -> Path:
    return certificates.mount(tmp_path / "tls", data)


def test_only_the_mounted_authority_is_believed(tmp_path: Path, made: Path) -> None:
    context = encryption.context(mounted(tmp_path, certificates.trusting(made)))

    [only] = context.get_ca_certs()
    assert only["subject"] == ((("commonName", "workqueue-local-ca"),),)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_without_a_folder_the_authorities_of_the_image_are_believed() -> None:
    assert encryption.context(None).verify_mode is ssl.CERT_REQUIRED


def test_a_certificate_of_ones_own_is_taken_with_its_key(tmp_path: Path, made: Path) -> None:
    encryption.context(mounted(tmp_path, certificates.mutual(made)))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"ca.crt": None}, "ca.crt", id="no authority"),
        pytest.param({"ca.crt": "hunter2"}, "ca.crt", id="an authority that is no certificate"),
        pytest.param({"tls.key": None}, "both", id="a certificate without its key"),
        pytest.param({"tls.crt": None}, "both", id="a key without its certificate"),
        pytest.param({"tls.key": "hunter2"}, "PEM", id="a key that is none"),
        pytest.param({"tls.crt": "hunter2"}, "PEM", id="a certificate that is none"),
    ],
)
def test_files_that_do_not_fit_are_told_without_quoting_them(
    tmp_path: Path, made: Path, changed: dict[str, str | None], says: str
) -> None:
    data = {**certificates.mutual(made), **changed}
    whole = {name: text for name, text in data.items() if text is not None}

    with pytest.raises(CredentialsError, match=says) as caught:
        encryption.context(mounted(tmp_path, whole))

    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("tls_dir", "tls", "encrypted"),
    [
        pytest.param(False, False, False, id="neither"),
        pytest.param(False, True, True, id="the port or the uri asks for it"),
        pytest.param(True, False, True, id="an authority is mounted, whatever the port"),
    ],
)
def test_tls_is_used_when_the_port_or_the_authority_asks_for_it(
    tmp_path: Path, made: Path, *, tls_dir: bool, tls: bool, encrypted: bool
) -> None:
    folder = str(mounted(tmp_path, certificates.trusting(made))) if tls_dir else ""
    settings = Settings.from_env({**ENVIRONMENT, "WORKQUEUE_TLS_DIR": folder})
    access = BrokerAccess(host="rabbit", port=5673, username="u", password="p", tls=tls)

    options = parameters(access, settings, name="w").ssl_options

    assert (options is not None) == encrypted
    assert options is None or options.server_hostname == "rabbit"
