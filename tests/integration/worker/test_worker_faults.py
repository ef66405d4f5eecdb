"""What a broker, a network and a node do to a worker: no task is lost, and it works again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from integration.worker.bench import Bench
from integration.worker.harness import eventually
from integration.worker.proxy import Proxy


def test_sigkill_in_mid_task_gives_the_task_to_another_worker(bench: Bench) -> None:
    first = bench.declare().start("pod-1").await_ready()
    bench.publish("work:2")
    bench.await_ledger("started", 1)
    first.process.kill()
    second = bench.start("pod-2").await_ready()
    assert bench.await_ledger("completed", 1) == ["work:2 1 pod-2"]
    assert second.count('redelivered_total{queue="tasks"}') == 1
    bench.assert_nothing_left()


def test_given_a_connection_closed_by_the_broker_then_the_result_is_never_said_on_a_new_one(
    bench: Bench, tmp_path: Path
) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("hold")
    bench.await_ledger("started", 1)
    # Given the connection closed in mid-task, which the broker takes back
    bench.close_connection_of("pod-1")
    eventually(lambda: not worker.ready(), what="no longer consuming")
    assert worker.get("/healthz")[0] == 200, "health never depends on the broker"
    # Nothing new is taken while the old attempt still runs
    eventually(lambda: len(bench.connections()) > 1, what="connected again")
    assert not worker.ready()
    # When the first attempt ends after all, its result is discarded: it is tried again
    (tmp_path / "ledger.release").touch()
    eventually(lambda: len(bench.ledger("started")) == 2, seconds=20, what="a second attempt")
    assert worker.count('stale_acks_total{queue="tasks"}') == 1
    assert worker.count('broker_reconnects_total{queue="tasks"}') == 1
    # And the task that the new channel's first tag stands for is still held
    assert worker.busy() == 1
    bench.workers[0].end()
    eventually(lambda: bench.ready() == 1, what="the task still there: nobody acknowledged it")


def test_given_a_lost_connection_then_the_handler_sees_it_and_the_worker_goes_on(
    bench: Bench,
) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("work:60")
    bench.await_ledger("started", 1)
    bench.close_connection_of("pod-1")
    assert bench.await_ledger("stopped", 1) == ["work:60 1 pod-1"]
    worker.await_ready()
    eventually(lambda: len(bench.ledger("started")) == 2, what="the task delivered again")


@pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])
def test_given_the_queue_deleted_then_the_worker_says_so_and_recovers_with_it(
    bench: Bench, queue_type: str
) -> None:
    worker = bench.declare(queue_type).start().await_ready()
    bench.channel.queue_delete("tasks")
    eventually(lambda: not worker.ready(), what="no longer ready")
    eventually(lambda: worker.logged("no queue 'tasks'"), what="a log line about the queue")
    assert worker.get("/healthz")[0] == 200
    assert worker.count('consumer_cancelled_total{queue="tasks"}') == 1
    bench.declare(queue_type)
    worker.await_ready()
    bench.publish("work:0")
    bench.await_ledger("completed", 1)


def test_a_worker_that_comes_before_its_queue_waits_for_it(bench: Bench) -> None:
    worker = bench.start()
    eventually(lambda: worker.logged("no queue 'tasks'"), what="a log line about the queue")
    assert (worker.get("/healthz")[0], worker.get("/readyz")[0]) == (200, 503)
    bench.declare()
    worker.await_ready()


def test_a_long_task_does_not_stop_the_heartbeats(bench: Bench) -> None:
    worker = bench.declare().start(heartbeat_seconds=1).await_ready()
    # Without an answer the broker gives up after two to three heartbeats.
    bench.publish("stuck:6")
    bench.await_ledger("started", 1)
    eventually(lambda: not worker.busy(), seconds=10, what="done")
    assert worker.count('tasks_total{outcome="ok",queue="tasks"}') == 1
    assert worker.count('broker_reconnects_total{queue="tasks"}') == 0
    assert bench.ledger("started") == ["stuck:6 1 pod-1"]


def test_given_a_network_that_swallows_every_byte_then_the_worker_notices_and_goes_on(
    bench: Bench,
) -> None:
    bench.declare()
    with Proxy(bench.broker.host, bench.broker.port) as proxy:
        worker = bench.start(heartbeat_seconds=1, broker_at=proxy.address).await_ready()
        bench.publish("work:60")
        bench.await_ledger("started", 1)
        proxy.swallow()
        # Nobody tells it: pika looks every heartbeat + 5 s whether anything came since.
        assert bench.await_ledger("stopped", 1, seconds=30) == ["work:60 1 pod-1"]
        eventually(lambda: len(bench.ledger("started")) == 2, what="the task delivered again")
        assert worker.count('broker_reconnects_total{queue="tasks"}') == 1


def test_a_wrong_password_is_named_never_shown_and_mended_without_a_new_pod(
    bench: Bench, tmp_path: Path
) -> None:
    bench.declare()
    worker = bench.start()
    worker.await_ready()
    (tmp_path / "broker" / "password").write_text("hunter2-wrong")
    bench.close_connection_of("pod-1")
    eventually(lambda: worker.logged("password refused"), what="a log line about the password")
    (tmp_path / "broker" / "password").write_text(bench.broker.password)
    worker.await_ready(seconds=20)
    log = worker.log_file.read_text()
    assert "hunter2" not in log
    assert bench.broker.password not in log


def test_sigterm_leaves_also_while_there_is_no_broker(bench: Bench) -> None:
    worker = bench.start()
    eventually(lambda: worker.logged("not consuming"), what="waiting for its queue")
    bench.unplug_broker()
    eventually(lambda: worker.logged("refused"), what="waiting for its broker")
    worker.terminate()
    assert worker.exit_code(seconds=10) == 0


def test_sigterm_leaves_also_while_a_broker_accepts_and_says_nothing(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        worker = bench.start(broker_at=silent.getsockname())
        eventually(lambda: worker.get("/healthz")[0] == 200, what="alive")
        told, _ = silent.accept()
        with told:
            worker.terminate()
            assert worker.exit_code(seconds=8) == 0, "a handshake is waited for 15 s"


def test_given_a_channel_lost_for_good_then_sigterm_does_not_wait_for_a_stale_result(
    bench: Bench,
) -> None:
    worker = bench.declare().start().await_ready()
    bench.publish("stuck:50")
    bench.await_ledger("started", 1)
    bench.unplug_broker()
    bench.close_connection_of("pod-1")
    eventually(lambda: worker.logged("refused"), what="waiting for its broker")
    worker.terminate()
    assert worker.exit_code(seconds=10) == 0
    eventually(lambda: bench.ready() == 1, what="the task back in its queue")
