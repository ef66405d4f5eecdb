"""One outcome model, whatever runs the task: the same cases against every binding."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.worker.bench import Bench
from integration.worker.bindings import ALL, COMMAND, HTTP, PROCESS, SURVIVING, Binding, Stage
from integration.worker.harness import eventually

OUT = ("ok", "retry", "dead", "release", "timeout")


def named(binding: Binding) -> str:
    return binding.name


@pytest.fixture
def stage(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The binding is the test's parameter."""
    made = Stage(bench, request.param)
    yield made
    made.close()


every_binding = pytest.mark.parametrize("stage", ALL, ids=named, indirect=True)
those_that_survive = pytest.mark.parametrize("stage", SURVIVING, ids=named, indirect=True)


def publish(bench: Bench, verb: str, payload: bytes = b"", **properties: object) -> str:
    """Returns the digest that the handler notes."""
    bench.publish_bytes(verb.encode() + b"\n" + payload, message_id=verb, **properties)
    return hashlib.sha256(payload).hexdigest()[:8]


@every_binding
def test_every_outcome_and_every_body(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start().await_ready()
    # Given bodies of all kinds, they arrive as they are, and are done
    empty = publish(bench, "ok")
    binary = publish(bench, "ok", bytes(range(256)) + b"\n\0")
    huge = publish(bench, "ok", os.urandom(1024) * 8 * 1024)
    bench.await_ledger("started", 3, seconds=40)
    assert bench.ledger("started") == [f"ok 1 {digest}" for digest in (empty, binary, huge)]
    # When one fails and asks for a later attempt, it waits in the retry queue and is done then
    publish(bench, "fail-once")
    assert bench.await_ledger("started", 5, seconds=40)[3:] == [
        f"fail-once 1 {empty}",
        f"fail-once 2 {empty}",
    ]
    # When one is hopeless, it is given up at once, with the headers it came with
    publish(bench, "dead", headers={"customer": 7, "traceparent": "00-ab-cd-01"}, priority=2)
    body, headers = bench.await_dead_letter(seconds=40)
    assert body == "dead\n"
    assert (headers["customer"], headers["traceparent"]) == (7, "00-ab-cd-01")
    assert (headers["x-workqueue-reason"], headers["x-workqueue-attempts"]) == ("DeadLetter", 1)
    # Then the worker has counted them so
    counts = {name: worker.count(f'tasks_total{{outcome="{name}",queue="tasks"}}') for name in OUT}
    assert counts == {"ok": 4, "retry": 1, "dead": 1, "release": 0, "timeout": 0}
    bench.assert_nothing_left()


@every_binding
def test_given_a_soft_limit_then_the_handler_sees_it_in_time(stage: Stage) -> None:
    bench = stage.bench
    stage.start(SOFT_TIMEOUT_SECONDS="1", TASK_TIMEOUT_SECONDS="60").await_ready()
    publish(bench, "until-stop")
    _, headers = bench.await_dead_letter(seconds=40)
    assert bench.ledger("stopped") == ["True"]
    assert headers["x-workqueue-reason"] == "DeadLetter", "the handler itself said so"


@every_binding
def test_given_a_task_past_its_hard_limit_then_it_fails(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start(TASK_TIMEOUT_SECONDS="2", MAX_ATTEMPTS="1").await_ready()
    publish(bench, "stuck")
    _, headers = bench.await_dead_letter(seconds=40)
    assert "after 2 s" in headers["x-workqueue-error"]
    if stage.binding.survives:
        assert worker.count('tasks_total{outcome="dead",queue="tasks"}') == 1
        assert worker.process.poll() is None
    else:
        assert worker.exit_code(seconds=40) == 124, "a thread cannot be ended"
    bench.assert_nothing_left()


@those_that_survive
def test_given_a_task_that_crashes_then_it_fails_and_the_worker_lives_on(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start().await_ready()
    publish(bench, "crash-once")
    publish(bench, "ok")
    started = bench.await_ledger("started", 3, seconds=40)
    assert [line.rpartition(" ")[0] for line in started].count("crash-once 2") == 1
    eventually(
        lambda: worker.count('tasks_total{outcome="ok",queue="tasks"}') == 2, what="both done"
    )
    assert worker.count('tasks_total{outcome="retry",queue="tasks"}') == 1
    bench.assert_nothing_left()


@every_binding
def test_given_a_channel_lost_in_mid_task_then_the_task_runs_again_and_is_done_once(
    stage: Stage,
) -> None:
    bench = stage.bench
    worker = stage.start().await_ready()
    publish(bench, "hold")
    bench.await_ledger("started", 1, seconds=40)
    bench.close_connection_of("pod-1")
    eventually(lambda: not worker.ready(), what="no longer consuming")
    Path(f"{bench.directory}/ledger.release").touch()
    bench.await_ledger("started", 2, seconds=40)
    eventually(
        lambda: worker.count('tasks_total{outcome="ok",queue="tasks"}') == 1, what="done once"
    )
    assert worker.count('stale_acks_total{queue="tasks"}') == 1
    bench.assert_nothing_left()


@pytest.mark.parametrize("stage", ALL[:3], ids=named, indirect=True)
def test_given_a_release_then_the_task_comes_again_and_no_attempt_is_counted(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start().await_ready()
    digest = publish(bench, "release-once")
    started = bench.await_ledger("started", 2, seconds=40)
    assert started == [f"release-once 1 {digest}"] * 2
    assert worker.count('tasks_total{outcome="release",queue="tasks"}') == 1
    bench.assert_nothing_left()


@pytest.mark.parametrize("stage", [HTTP], ids=named, indirect=True)
def test_given_no_server_yet_then_no_task_is_taken_before_it_listens(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start(with_server=False)
    eventually(lambda: worker.logged("waiting for the server"), what="a line about the server")
    publish(bench, "ok")
    assert not worker.ready()
    assert not bench.consumers()
    stage.start_server()
    bench.await_ledger("started", 1, seconds=40)
    assert worker.count('tasks_total{outcome="release",queue="tasks"}') == 0


@pytest.mark.parametrize("stage", [HTTP], ids=named, indirect=True)
def test_given_a_server_that_has_gone_then_tasks_go_back_uncounted_until_it_is_there(
    stage: Stage,
) -> None:
    bench = stage.bench
    worker = stage.start(MAX_ATTEMPTS="1").await_ready()
    stage.close()
    publish(bench, "ok")
    eventually(
        lambda: worker.count('tasks_total{outcome="release",queue="tasks"}') >= 2,
        seconds=40,
        what="handed back, and taken once more",
    )
    stage.start_server()
    started = bench.await_ledger("started", 1, seconds=60)
    assert [line.split()[:2] for line in started] == [["ok", "1"]]
    assert bench.ready("tasks.dead") == 0


@pytest.mark.parametrize("stage", [PROCESS, COMMAND], ids=named, indirect=True)
def test_given_a_kill_from_outside_while_the_worker_leaves_then_no_failure_is_counted(
    stage: Stage,
) -> None:
    bench = stage.bench
    worker = stage.start(MAX_ATTEMPTS="1").await_ready()
    publish(bench, "stuck")
    bench.await_ledger("started", 1, seconds=40)
    worker.terminate()
    eventually(lambda: worker.logged("draining"), what="draining")
    [child] = children_of(worker.process.pid)
    os.kill(child, signal.SIGKILL)
    assert worker.exit_code(seconds=40) == 0
    eventually(lambda: bench.ready() == 1, what="the task back in its queue")
    assert bench.ready("tasks.dead") == 0


def children_of(pid: int) -> list[int]:
    """A child belongs to the thread that started it."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in tasks for child in each.read_text().split()]


@every_binding
def test_given_sigterm_in_mid_task_then_it_is_finished_and_nothing_is_left(stage: Stage) -> None:
    bench = stage.bench
    worker = stage.start().await_ready()
    publish(bench, "hold")
    bench.await_ledger("started", 1, seconds=40)
    children = children_of(worker.process.pid)
    worker.terminate()
    if stage.binding is PROCESS:
        for child in children:  # as one that signals the whole session of the pod would
            os.kill(child, signal.SIGTERM)
    eventually(lambda: worker.logged("draining"), what="draining")
    Path(f"{bench.directory}/ledger.release").touch()
    assert worker.exit_code(seconds=40) == 0
    assert len(bench.ledger("started")) == 1
    assert bench.ready() == 0
    eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children), what="gone")
