"""The supervisor starts what may start, and starts again what has ended, but not in a frenzy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cluster.components import Component
from cluster.supervisor import Supervisor

GRACE_SECONDS = 10


def a_supervisor(started: list[str]) -> tuple[Supervisor, list[subprocess.Popen[bytes]], list[str]]:
    reports: list[str] = []
    processes: list[subprocess.Popen[bytes]] = []

    def start(component: Component) -> subprocess.Popen[bytes]:
        started.append(component.name)
        processes.append(subprocess.Popen(component.argv))
        return processes[-1]

    return Supervisor(start, reports.append), processes, reports


def test_given_a_component_that_ends_then_it_is_started_again_after_a_pause() -> None:
    # Given a component that ends at once
    started: list[str] = []
    supervisor, processes, reports = a_supervisor(started)
    supervisor.add(Component("etcd", (sys.executable, "-c", "raise SystemExit(7)")))
    supervisor.step(now=100.0)
    processes[0].wait(GRACE_SECONDS)
    # When the end is noticed, and a second has passed
    supervisor.step(now=101.0)
    supervisor.step(now=101.9)
    assert started == ["etcd"]
    supervisor.step(now=102.0)
    # Then it runs again, and the log says why
    processes[1].wait(GRACE_SECONDS)
    assert started == ["etcd", "etcd"]
    assert reports == ["etcd ended with 7, starting it again in 1 s"]


def test_given_a_component_that_needs_a_socket_then_it_waits_for_it(tmp_path: Path) -> None:
    started: list[str] = []
    supervisor, processes, _ = a_supervisor(started)
    socket = tmp_path / "containerd.sock"
    supervisor.add(Component("kubelet", (sys.executable, "-c", ""), after=socket))
    supervisor.step(now=0.0)
    assert started == []
    socket.touch()
    supervisor.step(now=0.1)
    processes[0].wait(GRACE_SECONDS)
    assert started == ["kubelet"]
