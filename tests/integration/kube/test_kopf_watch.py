"""kopf as we run it, on the real API server: it hears everything, writes nothing, and leaves."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.kube import Kube, wait_for
from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import connect
from workqueue_operator.handlers import serve

# The operator's main thread, and no more of it: each WorkQueue heard of is one line.
PROGRAM = """
import asyncio, sys
from workqueue_operator.cluster.connection import connect
from workqueue_operator.handlers import serve

class Registry:
    def learn(self, body): print("learn", body["metadata"]["name"], flush=True)
    def forget(self, body): print("forget", body["metadata"]["name"], flush=True)

async def main():
    connection = connect(sys.argv[1])
    await serve(Registry(), connection, namespaces=sys.argv[2:], stop=asyncio.Event())

asyncio.run(main())
"""
KNOWN_WRITERS = {"story", "workqueue-operator"}
"""Who may have written to the object: the test's own apply, and this program's own client (patches,
and an operator if one runs in the cluster)."""


class Registry:
    def __init__(self) -> None:
        self.there: dict[str, Any] = {}
        self.gone: list[str] = []

    def learn(self, body: Any) -> None:
        self.there[body["metadata"]["name"]] = body

    def forget(self, body: Any) -> None:
        self.gone.append(body["metadata"]["name"])


@contextmanager
def running(kubeconfig: Path, *namespaces: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM, str(kubeconfig), *namespaces]
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=path) as process:
        try:
            yield process
        finally:
            process.kill()


def test_everything_is_heard_and_nothing_is_written(
    kubeconfig: Path, kube: Kube, workqueue: dict[str, Any]
) -> None:
    registry = Registry()

    async def story() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(
            serve(registry, connect(str(kubeconfig)), namespaces=[kube.namespace], stop=stop)
        )
        await asyncio.to_thread(the_objects_life)
        stop.set()
        await task

    def the_objects_life() -> None:
        wait_for("the list", lambda: "mail" in registry.there, seconds=20)
        labels = {"metadata": {"labels": {"seen": "yes"}}}
        kube.patch("WorkQueue", "mail", labels)
        wait_for("the change", lambda: registry.there["mail"]["metadata"].get("labels"), seconds=5)
        written = kube.need("WorkQueue", "mail")["metadata"]
        assert "finalizers" not in written
        assert not [name for name in written.get("annotations", {}) if "kopf" in name]
        assert {entry["manager"] for entry in written["managedFields"]} <= KNOWN_WRITERS
        kube.delete("WorkQueue", "mail")
        wait_for("the end", lambda: registry.gone == ["mail"], seconds=5)

    asyncio.run(story())


@pytest.mark.parametrize("clusterwide", [True, False], ids=["the whole cluster", "one namespace"])
def test_a_signal_ends_it_soon(
    served: Api, kubeconfig: Path, kube: Kube, workqueue: dict[str, Any], clusterwide: bool
) -> None:
    with running(kubeconfig, *([] if clusterwide else [kube.namespace])) as process:
        assert process.stdout is not None
        assert any(line == "learn mail\n" for line in process.stdout)

        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(10)

    assert process.returncode == 0
    assert time.monotonic() - started < 8
