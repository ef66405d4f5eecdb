"""`command: [...]`: real programs, their exit codes, their output, and their end."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from workqueue_worker import Task, outcome
from workqueue_worker.handlers.command import ProgramHandler, load
from workqueue_worker.handlers.ending import OUT_OF_MEMORY
from workqueue_worker.handlers.output import MAX_LINES
from workqueue_worker.settings import SettingsError


def shell(script: str, *, limit_seconds: float = 10) -> ProgramHandler:
    return load(("sh", "-c", script), limit_seconds=limit_seconds)


def a_task(body: bytes = b"Hello...") -> Task:
    return Task(id="task-1", body=body, attempt=2)


def ends(pid_file: Path) -> bool:
    """Whether the process of that id ends within two seconds (a zombie has)."""
    stat = Path(f"/proc/{pid_file.read_text().strip()}/stat")
    until = time.monotonic() + 2
    while time.monotonic() < until:
        if not stat.exists() or stat.read_text().rsplit(") ", 1)[1][0] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("exit 0", outcome.Ok(), id="0: done"),
        pytest.param("exit 75", outcome.Retry("exit 75"), id="75: another attempt"),
        pytest.param("exit 65", outcome.Dead("exit 65"), id="65: no attempt will mend it"),
        pytest.param("exit 3", outcome.Retry("exit 3"), id="anything else: another attempt"),
        pytest.param(
            "echo no disk >&2; exit 1", outcome.Retry("exit 1: no disk"), id="with its last words"
        ),
        pytest.param(
            "kill -9 $$", outcome.Retry(OUT_OF_MEMORY, killed=True), id="killed: another attempt"
        ),
    ],
)
def test_how_a_program_ends(script: str, expected: outcome.Outcome) -> None:
    assert shell(script).run(a_task()) == expected


def test_the_task_is_on_standard_input_and_its_id_in_the_environment(tmp_path: Path) -> None:
    script = f'(cat; echo " $WORKQUEUE_TASK_ID $WORKQUEUE_TASK_ATTEMPT") > {tmp_path}/out'
    assert shell(script).run(a_task(b"\x00binary")) == outcome.Ok()
    assert (tmp_path / "out").read_bytes() == b"\x00binary task-1 2\n"


@pytest.mark.parametrize("script", ["wc -c", "exit 0"], ids=["one that reads it", "one that won't"])
def test_a_body_larger_than_any_pipe_blocks_nobody(script: str) -> None:
    assert shell(script).run(a_task(b"x" * 5_000_000)) == outcome.Ok()


def test_given_a_program_past_its_limit_then_its_whole_group_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"trap '' TERM; sleep 60 & echo $! > {pid_file}; wait"
    started = time.monotonic()
    ended = shell(script, limit_seconds=0.5).run(a_task())
    assert ended == outcome.Retry("killed after 0.5 s", timed_out=True)
    assert time.monotonic() - started < 20
    assert ends(pid_file)


def test_given_a_program_that_leaves_another_behind_then_that_ends_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = time.monotonic()
    assert shell(f"sleep 60 & echo $! > {pid_file}").run(a_task()) == outcome.Ok()
    assert time.monotonic() - started < 20
    assert ends(pid_file)


def test_given_a_program_that_closed_its_output_then_its_exit_is_still_awaited() -> None:
    assert shell("exec >&- 2>&-; sleep 0.3; exit 65").run(a_task()) == outcome.Dead("exit 65")


def test_given_a_lost_channel_then_the_program_is_asked_to_stop() -> None:
    task = a_task()
    threading.Timer(0.2, task.stop.set).start()
    started = time.monotonic()
    ended = shell("trap 'exit 75' TERM; sleep 30 & wait").run(task)
    assert ended == outcome.Retry("exit 75")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            "echo '{\"retryAfter\": 30}'; exit 75",
            outcome.Retry("exit 75", after_seconds=30),
            id="its last line says when",
        ),
        pytest.param(
            "echo '{\"retryAfter\": 1.5}'; echo no disk >&2; exit 1",
            outcome.Retry("exit 1: no disk", after_seconds=1.5),
            id="what it says on standard error may come after it",
        ),
        pytest.param(
            "echo '{\"retryAfter\": true}'; exit 75",
            outcome.Retry('exit 75: {"retryAfter": true}'),
            id="what is no number says nothing",
        ),
        pytest.param("echo '{\"retryAfter\": 30}'; exit 0", outcome.Ok(), id="done is done"),
        pytest.param("echo '[1'; exit 75", outcome.Retry("exit 75: [1"), id="what is no JSON"),
    ],
)
def test_when_a_program_wants_its_task_again(script: str, expected: outcome.Outcome) -> None:
    assert shell(script).run(a_task()) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            "trap 'exit 65' TERM; sleep 30 & wait", outcome.Dead("exit 65"), id="it says how"
        ),
        pytest.param(
            "sleep 30",
            outcome.Retry("ended by SIGTERM at its soft limit of 0.5 s", timed_out=True),
            id="it does not know SIGTERM",
        ),
    ],
)
def test_given_a_soft_limit_then_the_program_is_asked_to_stop(
    script: str, expected: outcome.Outcome
) -> None:
    handler = load(("sh", "-c", script), limit_seconds=60, soft_limit_seconds=0.5)
    assert handler.run(a_task()) == expected


def test_output_goes_to_the_log_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        shell("echo one; echo two >&2; printf three").run(a_task())
    assert [record.getMessage() for record in caplog.records] == ["one", "two", "three"]


def test_a_flood_of_output_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert shell("yes | head -c 1000000").run(a_task()) == outcome.Ok()
    assert len(caplog.records) == MAX_LINES + 1
    assert "left out" in caplog.records[-1].getMessage()


def test_a_line_without_an_end_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert shell("head -c 300000 /dev/zero | tr '\\0' x").run(a_task()) == outcome.Ok()
    assert max(len(record.getMessage()) for record in caplog.records) <= 4096


def test_a_program_that_is_not_there_is_refused_before_any_task() -> None:
    with pytest.raises(SettingsError, match="no program 'no-such-program'"):
        load(("no-such-program",), limit_seconds=1)


def test_a_program_that_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    ended = load((str(program),), limit_seconds=1).run(a_task())
    assert isinstance(ended, outcome.Retry)
    assert "cannot start" in ended.error
