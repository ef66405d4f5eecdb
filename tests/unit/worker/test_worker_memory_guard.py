"""A task's process is ended before the kernel ends the whole container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workqueue_worker import Task, outcome
from workqueue_worker.handlers.memory import MARGIN_BYTES, PAGE_BYTES, MemoryGuard
from workqueue_worker.handlers.process import ProcessHandler

MIB = 2**20


def a_cgroup(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"memory.{name.replace('_', '.')}").write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({"oom_group": "1", "max": "1000000000"}, 1000000000, id="killed together"),
        pytest.param({"oom_group": "0", "max": "1000000000"}, None, id="killed one by one"),
        pytest.param({"oom_group": "1", "max": "max"}, None, id="no limit"),
        pytest.param({"max": "1000000000"}, None, id="a kernel that knows no groups"),
        pytest.param({}, None, id="cgroup v1"),
    ],
)
def test_when_the_worker_looks_itself(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    guard = MemoryGuard.of_container(a_cgroup(tmp_path, **files))
    assert (guard and guard.limit_bytes) == limit


@pytest.mark.parametrize(
    ("limit_mib", "child_mib", "exceeded"),
    [
        pytest.param(256, 200, False, id="room for more"),
        pytest.param(256, 221, True, id="less than the least margin is free"),
        pytest.param(1000, 909, False, id="a twentieth and more is free"),
        pytest.param(1000, 921, True, id="less than a twentieth is free"),
    ],
)
def test_when_it_is_time(tmp_path: Path, limit_mib: int, child_mib: int, exceeded: bool) -> None:
    for pid, mib in ((os.getpid(), 30), (7, child_mib)):
        pages = (mib + 5) * MIB // PAGE_BYTES
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "statm").write_text(f"9999 {pages} {5 * MIB // PAGE_BYTES} 1 0 1 0")
    assert MemoryGuard(limit_mib * MIB, proc=tmp_path).exceeded(7) == exceeded
    assert MARGIN_BYTES == 16 * MIB


def test_a_process_that_has_ended_has_no_memory(tmp_path: Path) -> None:
    assert not MemoryGuard(100 * MIB, proc=tmp_path).exceeded(7)


def test_given_a_task_that_eats_memory_then_it_fails_and_the_next_one_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "eats_for_test.py").write_text(
        "import time\n"
        "def work(task):\n"
        "    eaten = [b'x' * 2**20 * int(task.text())]\n"
        "    time.sleep(60 if int(task.text()) else 0)\n"
    )
    whole = MemoryGuard(1)._own_bytes(os.getpid())
    handler = ProcessHandler("eats_for_test:work", limit_seconds=50)
    handler.guard = MemoryGuard(whole + 200 * MIB)
    assert handler.run(Task(id="1", body=b"300")) == outcome.Retry(
        "killed before the container's memory ran out"
    )
    assert handler.run(Task(id="2", body=b"0")) == outcome.Ok()
    handler.close()
