"""Credentials that change under a worker at work: new connection first, then the old one goes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.worker.bench import Bench
from integration.worker.harness import eventually
from kit.rabbit import Broker

PASSWORD = "new-password"


@pytest.fixture
def new_user(broker: Broker) -> Iterator[str]:
    name = f"worker-{secrets.token_hex(4)}"
    broker.create_user(name, PASSWORD)
    yield name
    broker.delete_user(name)


def mount(directory: Path, username: str, password: str) -> None:
    (directory / "broker" / "password").write_text(password)
    (directory / "broker" / "username").write_text(username)


def users(bench: Bench) -> set[str]:
    """Of the worker's connections; the management knows them some seconds late."""
    listed = bench.connections()
    return {str(each["user"]) for each in listed if each.get("user_provided_name") == "pod-1"}


def test_given_a_task_at_work_then_it_is_acknowledged_where_it_came_from(
    bench: Bench, new_user: str, tmp_path: Path
) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("hold", "work:0.1")
    bench.await_ledger("started", 1)
    # When the mounted credentials change in mid-task
    mount(tmp_path, new_user, PASSWORD)
    both = {bench.broker.username, new_user}
    eventually(lambda: users(bench) == both, seconds=40, what="a new connection beside the old")
    # Then nothing is interrupted, and no second task is held
    assert worker.ready()
    assert (worker.busy(), bench.ready()) == (1, 1)
    (tmp_path / "ledger.release").touch()
    bench.await_ledger("completed", 1)
    eventually(lambda: users(bench) == {new_user}, seconds=40, what="the old connection gone")
    assert bench.ledger("started") == ["hold 1 pod-1", "work:0.1 1 pod-1"]
    assert worker.count('tasks_total{outcome="ok",queue="tasks"}') == 2
    assert worker.count('redelivered_total{queue="tasks"}') == 0
    assert worker.count('stale_acks_total{queue="tasks"}') == 0
    bench.assert_nothing_left()


def test_given_credentials_that_are_refused_then_the_old_connection_works_on(
    bench: Bench, new_user: str, tmp_path: Path
) -> None:
    worker = bench.declare().start().await_ready()
    mount(tmp_path, new_user, "hunter2-wrong")
    eventually(lambda: worker.logged("old one stays in use"), seconds=30, what="a log line")
    assert worker.ready()
    bench.publish("work:0", "hopeless")
    bench.await_ledger("completed", 1)
    # A task that fails is published on another connection, with what worked before
    assert bench.await_dead_letter(seconds=30)[0] == "hopeless"
    assert worker.count('credentials_refused_total{queue="tasks"}') >= 1
    assert "hunter2" not in worker.log_file.read_text()
    # And right ones are taken as soon as they are there
    mount(tmp_path, new_user, PASSWORD)
    eventually(lambda: worker.logged("changed credentials are in use"), seconds=30, what="renewed")
    worker.await_ready()
    bench.publish("work:0")
    bench.await_ledger("completed", 2)
    bench.assert_nothing_left()


def test_given_a_worker_that_leaves_in_between_then_it_finishes_its_task(
    bench: Bench, new_user: str, tmp_path: Path
) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("hold")
    bench.await_ledger("started", 1)
    mount(tmp_path, new_user, PASSWORD)
    both = {bench.broker.username, new_user}
    eventually(lambda: users(bench) == both, seconds=40, what="a new connection beside the old")
    worker.terminate()
    (tmp_path / "ledger.release").touch()
    assert worker.exit_code() == 0
    bench.assert_nothing_left()
