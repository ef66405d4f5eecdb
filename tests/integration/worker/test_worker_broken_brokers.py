"""Brokers with an alarm, restarted and dead: the worker consumes again in time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.worker.bench import Bench, in_time_seconds
from integration.worker.harness import eventually
from kit.three_nodes import Node, running_nodes

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with running_nodes(3) as started:
        yield started


@pytest.fixture
def cluster(nodes: list[Node], tmp_path: Path) -> Iterator[Bench]:
    """A bench at the first node; workers connect to others, which are those that suffer."""
    broker = replace(nodes[0].broker, vhost=f"test-{secrets.token_hex(4)}")
    broker.create_vhost()
    made = Bench(broker, tmp_path)
    yield made
    made.close()
    broker.delete_vhost()


def test_given_an_alarm_then_work_goes_on_and_failures_are_published_after_it(
    nodes: list[Node], cluster: Bench
) -> None:
    worker = cluster.declare().start(heartbeat_seconds=5, MAX_ATTEMPTS="1").await_ready()
    # Published before: during an alarm the broker reads nothing from those who publish
    cluster.publish("work:6", "fail", "work:0")
    cluster.await_ledger("started", 1)
    nodes[0].control("set_vm_memory_high_watermark", "absolute", "1MiB")
    try:
        # The task at work is acknowledged, the next one fails and is kept, not worked on again
        eventually(lambda: worker.logged("could not be published"), seconds=40, what="blocked")
        assert cluster.ledger("completed") == ["work:6 1 pod-1"]
        assert worker.get("/healthz")[0] == 200
        assert worker.ready()
    finally:
        nodes[0].control("set_vm_memory_high_watermark", "absolute", "1GiB")
    body, _ = cluster.await_dead_letter(seconds=60)
    assert body == "fail"
    cluster.await_ledger("completed", 2, seconds=30)
    assert cluster.ready("tasks.dead") == 0, "published once, not once more after the alarm"
    assert len(cluster.ledger("started")) == 3, "each of them once"
    cluster.assert_nothing_left()


@pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])
def test_given_its_node_restarted_then_it_consumes_in_time(
    nodes: list[Node], cluster: Bench, queue_type: str
) -> None:
    suffering = nodes[1]
    at = (suffering.broker.host, suffering.broker.port)
    worker = cluster.declare(queue_type).start(heartbeat_seconds=5, broker_at=at).await_ready()
    cluster.publish("work:60")
    cluster.await_ledger("started", 1)
    suffering.stop()
    # The broker has the task back, the handler is told, and its result is said to nobody
    cluster.await_ledger("stopped", 1)
    suffering.begin()
    suffering.wait_running(3)
    eventually(
        lambda: len(cluster.ledger("started")) >= 2, seconds=in_time_seconds(5), what="tried again"
    )
    assert worker.count('stale_acks_total{queue="tasks"}') == 1


def test_given_its_node_dead_then_it_consumes_from_another_in_time(
    nodes: list[Node], cluster: Bench
) -> None:
    dying, other = nodes[1], nodes[2]
    at = (dying.broker.host, dying.broker.port)
    worker = cluster.declare().start(heartbeat_seconds=5, broker_at=at).await_ready()
    dying.kill()
    try:
        # As a Service does, which leads to nodes that are there
        cluster.mount_address(other.broker.host, other.broker.port)
        cluster.await_works(worker, "work:0", seconds=in_time_seconds(5))
    finally:
        dying.begin()
        dying.wait_running(3)
