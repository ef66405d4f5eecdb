"""What a cluster of three says of its queues while nodes are dead or cut off, and what we believe.

Every lie is looked at as any client would see it, so that none is tested that is told no more.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from integration.broker.lies import (
    WORKERS,
    access_to,
    connect,
    decisions,
    declare_on,
    declared,
    holding,
    listed,
    publish,
)
from integration.broker.readings import Told, ready
from kit.kube import wait_for
from kit.rabbit import Broker
from kit.three_nodes import Node, running_nodes
from workqueue_operator.broker.totals import Totals, unacked_by_queue
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown

pytestmark = pytest.mark.timeout(240)  # the nodes' start counts for the first test
ZERO_IS_PROVEN_SECONDS = 10.0
MORE = [f"hanging-{index}" for index in range(30)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Node]]:
    """Three nodes, used by all tests of this file."""
    with running_nodes(3) as made:
        yield made


@pytest.fixture
def nodes(cluster: list[Node]) -> list[Node]:
    """All three, with those that an earlier test killed."""
    for node in cluster:
        if node.process is None:
            node.begin()
            node.wait_running(sum(one.process is not None for one in cluster))
    return cluster


def keep_more_on(node: Node, told: Told, near: Access, broker: Broker) -> None:
    """Classic queues whose only copy is there, read through another node."""
    for name in MORE:
        declare_on(broker, node.name, name, "classic")
        told.monitors.watch(near, name)


def is_unknown(reading: Reading) -> bool:
    return isinstance(reading, Unknown)


def is_missing(reading: Reading) -> bool:
    return isinstance(reading, Missing)


def since(told: Told, access: Access, queue: str, begun: float) -> list[Reading]:
    return [one for one in told.all[access.address, queue] if one.at >= begun]


def test_a_node_that_dies_takes_no_worker_and_no_queue_with_it(
    nodes: list[Node], told: Told
) -> None:
    first, _, last = nodes
    near, broker = access_to(first.broker), first.broker
    declare_on(broker, last.name, "led-there", "quorum")
    declare_on(broker, last.name, "kept-there", "classic")
    declare_on(broker, first.name, "deleted", "quorum")
    publish(broker, "led-there", 10 * WORKERS)
    publish(broker, "kept-there", 5)
    keep_more_on(last, told, near, broker)
    for queue, count in (("led-there", 10 * WORKERS), ("kept-there", 5), ("deleted", 0)):
        told.monitors.watch(near, queue)
        told.wait(near, queue, ready(count), seconds=10)

    with closing(connect(broker)) as client:
        killed = time.monotonic()
        last.kill()
        wait_for(
            "the lie: a quorum queue whose leader has just died counts 0 and 0",
            lambda: declared(client, "led-there") == (0, 0),
            seconds=5,
            every=0.005,
        )
        wait_for(
            "another leader",
            lambda: declared(client, "led-there") == (10 * WORKERS, 0),
            seconds=10,
        )
    told.wait(near, "led-there", ready(10 * WORKERS), seconds=5, since=time.monotonic())
    for name in ("kept-there", *MORE):
        told.wait(near, name, is_unknown, seconds=15, since=killed)
    hanging = time.monotonic()
    told.wait(near, "led-there", ready(10 * WORKERS), seconds=2, since=hanging)
    broker.delete_queue("deleted")
    told.wait(near, "deleted", is_missing, seconds=5)

    during = since(told, near, "led-there", killed)
    assert [one.workers for one in decisions(during)] == [WORKERS] * len(during)
    assert not any(map(is_missing, during))
    assert not any(map(is_missing, since(told, near, "kept-there", killed)))

    last.begin()
    last.wait_running(3)
    told.wait(near, "kept-there", ready(5), seconds=10)
    for name in MORE:
        told.wait(near, name, ready(0), seconds=10)
    assert is_missing(told.last[near.address, "deleted"])


def test_a_queue_without_a_majority_counts_nothing_and_nobody_is_sent_home(
    nodes: list[Node], told: Told
) -> None:
    first, second, last = nodes
    near, broker = access_to(first.broker), first.broker
    declare_on(broker, last.name, "leaderless", "quorum")
    declare_on(broker, first.name, "idle", "quorum")
    publish(broker, "leaderless", 10 * WORKERS)
    with closing(holding(broker, "leaderless", 3)), closing(holding(broker, "idle", 0)):
        told.monitors.watch(near, "leaderless")
        told.monitors.watch(near, "idle")
        told.wait(near, "idle", ready(0), seconds=10)
        told.wait(near, "leaderless", three_in_work, seconds=15)

        last.kill()
        second.kill()
        with closing(connect(broker)) as client:
            wait_for("the lie", lambda: declared(client, "leaderless") == (0, 0), seconds=5)
            begun = time.monotonic()
            time.sleep(ZERO_IS_PROVEN_SECONDS + 2)
            assert declared(client, "leaderless") == (0, 0), "the lie is not for a moment only"
        rows = listed(broker)
        assert "leaderless" not in rows, "the lie: a queue without a leader is left out of the list"
        assert long_believed(rows) == {"idle": 0, "leaderless": None}

        lied = since(told, near, "leaderless", begun + 2)
        assert len(lied) > 10
        assert all(isinstance(one, Known) and one.unacked is None for one in lied), lied[-1]
        held = decisions(since(told, near, "leaderless", begun))
        assert {one.workers for one in held} == {WORKERS}, held[-1]
        idle = decisions(since(told, near, "idle", begun))
        assert idle[-1].workers == 0, "a zero that is true empties the Deployment meanwhile"

        second.begin()
        second.wait_running(2)
        told.wait(near, "leaderless", three_in_work, seconds=20)


def test_cut_cables_change_the_counts_and_no_number_of_workers(
    nodes: list[Node], told: Told
) -> None:
    first, second, last = nodes
    near, broker = access_to(first.broker, management=False), first.broker
    declare_on(broker, last.name, "afar", "quorum")
    publish(broker, "afar", 10 * WORKERS)
    told.monitors.watch(near, "afar")
    told.wait(near, "afar", ready(10 * WORKERS), seconds=10)

    begun = time.monotonic()
    for node in (second, last):
        node.machine.cut()
    told.wait(near, "afar", lambda one: not ready(10 * WORKERS)(one), seconds=15)
    time.sleep(3)
    for node in (second, last):
        node.machine.mend()
    told.wait(near, "afar", ready(10 * WORKERS), seconds=30)

    said = since(told, near, "afar", begun)
    assert not any(map(is_missing, said))
    assert {one.workers for one in decisions(said)} == {WORKERS}


def long_believed(rows: dict[str, dict[str, Any]]) -> dict[str, int | None]:
    """What this list says to someone whose connection is old enough to believe a zero."""
    now = time.monotonic()
    unacked = unacked_by_queue(list(rows.values()))
    totals = Totals(unacked=unacked, asked_at=now, good_until=now + 1)
    return {
        queue: totals.believed(queue, connected_at=now - 3600, now=now)
        for queue in ("idle", "leaderless")
    }


def three_in_work(reading: Reading) -> bool:
    return isinstance(reading, Known) and (reading.ready, reading.unacked) == (10 * WORKERS - 3, 3)
