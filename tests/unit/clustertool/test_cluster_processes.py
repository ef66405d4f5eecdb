"""A process is its number, its start and its boot: a number alone may be somebody else's."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cluster import processes
from cluster.ownership import Owner, current_owner, describe, link_exists, parse
from cluster.processes import ProcessId

BOOT = "1b858db3-b4cf-47b1-9572-d68737958bd8"


class FakeProc:
    """A /proc with processes of our choice."""

    def __init__(self, root: Path) -> None:
        self.root = root
        boot = root / "sys" / "kernel" / "random" / "boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text(f"{BOOT}\n")

    def add(self, pid: int, *, started: int, parent: int = 1, state: str = "S") -> None:
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        between = " ".join(["0"] * 17)
        (folder / "stat").write_text(f"{pid} (a) b (c)) {state} {parent} {between} {started} 0 0\n")


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def test_given_the_very_process_then_it_runs(proc: FakeProc) -> None:
    proc.add(41, started=7000)
    seen = processes.identify(41, proc=proc.root)
    assert seen == ProcessId(41, 7000, BOOT)
    assert processes.is_running(seen, proc=proc.root)


@pytest.mark.parametrize(
    ("started", "state", "boot"),
    [
        pytest.param(7001, "S", BOOT, id="another process got its number"),
        pytest.param(7000, "Z", BOOT, id="it is dead, only nobody asked for its exit code"),
        pytest.param(7000, "S", "another boot", id="the machine was started again meanwhile"),
    ],
)
def test_given_an_old_record_then_it_does_not_run(
    proc: FakeProc, started: int, state: str, boot: str
) -> None:
    proc.add(41, started=started, state=state)
    assert not processes.is_running(ProcessId(41, 7000, boot), proc=proc.root)


def test_given_no_such_process_then_it_does_not_run(proc: FakeProc) -> None:
    assert not processes.is_running(ProcessId(41, 7000, BOOT), proc=proc.root)


def test_the_child_of_a_process_is_found_whatever_its_name(proc: FakeProc) -> None:
    proc.add(41, started=7000)
    proc.add(42, started=7001, parent=41)
    assert processes.child_of(41, proc=proc.root) == 42
    assert processes.child_of(42, proc=proc.root) is None


def test_this_process_is_recognised_in_the_real_proc() -> None:
    own = processes.identify(os.getpid())
    assert own is not None
    assert processes.is_running(own)
    assert not processes.is_running(replace(own, started_ticks=own.started_ticks + 1))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = tmp_path / "process.json"
    assert processes.load(record) is None
    processes.save(record, ProcessId(41, 7000, BOOT))
    assert processes.load(record) == ProcessId(41, 7000, BOOT)


def test_a_link_tells_whose_it_is_even_with_spaces_in_the_folder(tmp_path: Path) -> None:
    owner = Owner(Path("/home/a b/clone"), ProcessId(41, 7000, BOOT))
    (tmp_path / "wq-host").mkdir()
    (tmp_path / "wq-host" / "ifalias").write_text(describe(owner) + "\n")
    assert current_owner(tmp_path) == owner


@pytest.mark.parametrize("alias", ["", "\n", "uplink to the lab", "workqueue-cluster 41 7000"])
def test_a_link_of_somebody_else_has_no_owner(alias: str) -> None:
    assert parse(alias) is None


def test_without_a_link_nobody_owns_one(tmp_path: Path) -> None:
    assert not link_exists(tmp_path)
    assert current_owner(tmp_path) is None
