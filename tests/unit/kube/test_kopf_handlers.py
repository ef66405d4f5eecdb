"""The kopf handlers translate, and do nothing else."""

import asyncio
import os
import signal
from typing import Any

import kopf
import pytest
from kubernetes.client.configuration import Configuration

from unit.kube.scripted_server import Answer, api_server
from workqueue_operator import handlers
from workqueue_operator.cluster.connection import Connection

# kopf types its handlers as called with every argument that it knows; a test gives what they read.
remember: Any = handlers.remember
configure: Any = handlers.configure
login: Any = handlers.login
let_go: Any = handlers.let_go

BODY = {"metadata": {"name": "mail", "uid": "u1"}}


class Registry:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def learn(self, body: Any) -> None:
        self.heard.append(("learn", body))

    def forget(self, body: Any) -> None:
        self.heard.append(("forget", body))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        pytest.param(None, "learn", id="listed"),
        pytest.param("ADDED", "learn", id="created"),
        pytest.param("MODIFIED", "learn", id="changed"),
        pytest.param("DELETED", "forget", id="deleted"),
    ],
)
def test_each_event_reaches_the_registry(kind: Any, what: str) -> None:
    registry = Registry()
    event: Any = {"type": kind, "object": BODY}

    asyncio.run(remember(event=event, memo=kopf.Memo(registry=registry)))

    assert registry.heard == [(what, BODY)]


def test_kopf_writes_no_event_looks_for_no_other_kind_and_owns_no_finalizer_of_ours() -> None:
    settings = kopf.OperatorSettings()

    asyncio.run(configure(settings=settings))

    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.persistence.finalizer != "workqueue.dev/queue"


def test_kopf_logs_in_as_we_do() -> None:
    configuration = Configuration(host="https://kube.example:6443/")
    configuration.ssl_ca_cert = "/ca.crt"
    configuration.api_key["BearerToken"] = "bearer t0ken"

    info = login(memo=kopf.Memo(connection=Connection(configuration)))

    assert (info.server, info.ca_path) == ("https://kube.example:6443", "/ca.crt")
    assert (info.scheme, info.token, info.insecure) == ("bearer", "t0ken", False)


def test_with_a_client_certificate_no_token_is_sent() -> None:
    configuration = Configuration(host="https://kube.example:6443")
    configuration.cert_file, configuration.key_file = "/tls.crt", "/tls.key"

    info = login(memo=kopf.Memo(connection=Connection(configuration)))

    assert (info.certificate_path, info.private_key_path) == ("/tls.crt", "/tls.key")
    assert info.token is None


def test_a_signal_ends_the_wait_for_the_flag() -> None:
    async def story() -> bool:
        stop = asyncio.Event()
        await let_go(memo=kopf.Memo(stop=stop))
        return stop.is_set()

    assert asyncio.run(story())


def kinds(*names: str) -> Answer:
    return Answer(body={"resources": [{"name": name} for name in names]})


def test_given_no_such_kind_yet_then_kopf_is_not_started_before_it_is_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    absent = Answer(status=404, body={"message": "not found"})
    broken = Answer(status=403, body={"message": "not yet"})

    with api_server(absent, broken, kinds("others"), kinds("others", "workqueues")) as (
        api,
        script,
    ):
        waiting = handlers._kind_is_there(api._connection, asyncio.Event(), every_seconds=0.01)
        asyncio.run(waiting)

    assert len(script.asked) == 4
    assert "install its CRD" in caplog.text


def test_given_no_such_kind_then_a_signal_still_ends_it() -> None:
    async def story(connection: Connection) -> None:
        served = asyncio.create_task(handlers.serve(Registry(), connection, stop=asyncio.Event()))
        await asyncio.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(served, 2)

    with api_server(Answer(status=404, body={"message": "not found"})) as (api, script):
        asyncio.run(story(api._connection))

    assert len(script.asked) == 1
