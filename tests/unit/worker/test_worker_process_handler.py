"""`isolation: Process`: real processes, how they end, and what is left of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workqueue_worker import Task, outcome
from workqueue_worker.handlers.process import ProcessHandler
from workqueue_worker.settings import SettingsError

MODULE = """
import os, signal, subprocess, time
from workqueue_worker import DeadLetter, Release, Retry

def work(task):
    verb, _, rest = task.text().partition(":")
    if verb == "pid":
        open(rest, "w").write(str(os.getpid()))
    if verb == "kill":
        os.kill(os.getpid(), int(rest))
    if verb == "exit":
        os._exit(int(rest))
    if verb == "sleep":
        time.sleep(float(rest))
    if verb == "spawn":
        open(rest, "w").write(str(subprocess.Popen(["sleep", "60"]).pid))
        time.sleep(60)
    if verb == "retry":
        raise Retry("busy", after=float(rest))
    if verb == "dead":
        raise DeadLetter("bad")
    if verb == "release":
        raise Release("not here")
    if verb == "headers":
        assert task.headers == {"when": task.published, "n": [1, {"b": b"\\xff"}]}, task.headers
    if verb == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
    if verb == "stop" and task.wait_for_stop(30):
        raise Retry("stopped")
"""
OUT_OF_MEMORY = "its process ended: killed by SIGKILL, probably out of memory"
HandlerMaker = Callable[[float], ProcessHandler]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandlerMaker]:
    """Starts a handler with that limit in seconds, and closes it in the end."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "isolated_for_test.py").write_text(MODULE)
    made = []

    def starter(limit_seconds: float) -> ProcessHandler:
        made.append(ProcessHandler("isolated_for_test:work", limit_seconds=limit_seconds))
        return made[-1]

    yield starter
    for each in made:
        each.close()


def a_task(words: str) -> Task:
    return Task(id="task-1", body=words.encode())


def ended(pid: str) -> bool:
    """Whether the process of that id ends within ten seconds (a zombie has)."""
    stat = Path(f"/proc/{pid}/stat")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not stat.exists() or stat.read_text().rsplit(") ", 1)[1][0] == "Z":
            return True
        time.sleep(0.01)
    return False


def await_ready(handler: ProcessHandler) -> None:
    until = time.monotonic() + 30
    while not handler.ready() and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("ok", outcome.Ok(), id="it returns: done"),
        pytest.param("retry:7", outcome.Retry("busy", after_seconds=7), id="Retry, and when"),
        pytest.param("dead", outcome.Dead("bad"), id="DeadLetter: given up"),
        pytest.param("release", outcome.Release("not here"), id="Release: handed back"),
        pytest.param("exit:3", outcome.Retry("its process ended: exit 3"), id="os._exit"),
        pytest.param("exit:0", outcome.Retry("its process ended: exit 0"), id="even with 0"),
        pytest.param(
            "kill:11",
            outcome.Retry("its process ended: killed by SIGSEGV", killed=True),
            id="a crash",
        ),
        pytest.param("kill:9", outcome.Retry(OUT_OF_MEMORY, killed=True), id="the kernel's kill"),
        pytest.param("terminate", outcome.Ok(), id="SIGTERM ends no task"),
    ],
)
def test_how_a_task_ends_and_the_next_one_runs(
    start: HandlerMaker, words: str, expected: outcome.Outcome
) -> None:
    handler = start(60)
    assert handler.run(a_task(words)) == expected
    assert handler.run(a_task("ok")) == outcome.Ok()


def test_the_process_is_kept_between_tasks(start: HandlerMaker, tmp_path: Path) -> None:
    handler = start(60)
    pids = []
    for _ in range(2):
        assert handler.run(a_task(f"pid:{tmp_path}/pid")) == outcome.Ok()
        pids.append((tmp_path / "pid").read_text())
    assert pids[0] == pids[1]
    handler.close()
    assert ended(pids[0])


def test_the_task_arrives_whole(start: HandlerMaker) -> None:
    stamp = datetime(2026, 1, 2, tzinfo=UTC)
    headers = {"when": stamp, "n": [1, {"b": b"\xff"}]}
    task = Task(id="1", body=b"headers", headers=headers, published=stamp)
    assert start(60).run(task) == outcome.Ok()
    huge = Task(id="2", body=b"x" * 20_000_000)
    assert start(60).run(huge) == outcome.Ok()


def test_given_a_task_past_its_limit_then_its_whole_group_is_killed(
    start: HandlerMaker, tmp_path: Path
) -> None:
    handler = start(3)
    assert handler.run(a_task("ok")) == outcome.Ok()
    assert handler.run(a_task(f"spawn:{tmp_path}/pid")) == outcome.Retry(
        "killed after 3 s", timed_out=True
    )
    assert ended((tmp_path / "pid").read_text())


def test_given_a_lost_channel_then_the_function_sees_it(start: HandlerMaker) -> None:
    task = a_task("stop")
    threading.Timer(0.2, task.stop.set).start()
    assert start(60).run(task) == outcome.Retry("stopped")


def test_given_a_soft_limit_then_the_function_sees_it(start: HandlerMaker) -> None:
    task = Task(id="1", body=b"stop", stop_at_seconds=time.monotonic() + 0.3)
    assert start(60).run(task) == outcome.Retry("stopped")


def test_given_a_death_between_two_tasks_then_the_next_one_is_not_blamed(
    start: HandlerMaker, tmp_path: Path
) -> None:
    handler = start(60)
    assert handler.run(a_task(f"pid:{tmp_path}/pid")) == outcome.Ok()
    pid = (tmp_path / "pid").read_text()
    os.kill(int(pid), signal.SIGKILL)
    # Its threads end one by one; until the last has, it counts as being there.
    os.waitid(os.P_PID, int(pid), os.WEXITED | os.WNOWAIT)
    assert handler.run(a_task("ok")) == outcome.Ok()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        pytest.param("isolated_for_test:gone", "no 'gone' there", id="no such function"),
        pytest.param("dies_for_test:work", "SIGSEGV", id="a module that crashes"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_any_task(
    start: HandlerMaker, tmp_path: Path, target: str, says: str
) -> None:
    assert start(60).run(a_task("ok")) == outcome.Ok(), "others can be"
    (tmp_path / "dies_for_test.py").write_text("import os; os.kill(os.getpid(), 11)")
    handler = ProcessHandler(target, limit_seconds=60)
    with pytest.raises(SettingsError, match=says):
        await_ready(handler)
    handler.close()
