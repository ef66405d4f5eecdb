"""Through a forwarded port a broker is still believed by its own name, and by no other."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from kit import certificates
from workqueue_operator.cli.dlq.line import Line
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, TLSFailedError
from workqueue_operator.core.trust import Trust

NAME = "rabbit.shop.svc"


@contextmanager
def broker_that_hangs_up(folder: Path, asked_for: list[str | None]) -> Iterator[int]:
    """Shows a certificate for NAME, notes which name it was asked for, and leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            client.settimeout(10)
            try:
                context.wrap_socket(client, server_side=True).close()
            except OSError:  # the client did not believe us
                client.close()

        thread = Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(20)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    folder = certificates.make(tmp_path, serves=f"DNS:{NAME}")
    return Access(
        host=NAME,
        port=5671,
        tls=True,
        vhost="/",
        username="ann",
        password="pw",
        trust=Trust(authorities=(folder / "ca.crt").read_text()),
    )


def test_the_name_in_the_certificate_is_that_of_the_secret(access: Access, tmp_path: Path) -> None:
    asked_for: list[str | None] = []
    with (
        broker_that_hangs_up(tmp_path, asked_for) as port,
        pytest.raises(BrokerError, match=f"{NAME}:5671") as ended,
    ):
        Line(access, via=("127.0.0.1", port))
    assert asked_for == [NAME]
    assert "another name" not in str(ended.value)


def test_another_name_is_not_believed(access: Access, tmp_path: Path) -> None:
    with (
        broker_that_hangs_up(tmp_path, []) as port,
        pytest.raises(TLSFailedError, match="a certificate for another name"),
    ):
        Line(replace(access, host="rabbit.elsewhere.svc"), via=("127.0.0.1", port))
