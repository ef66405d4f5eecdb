"""What ends a consumer without a word: it consumes again in time, and nothing stale is said."""

from __future__ import annotations

import pytest

from integration.worker.bench import Bench, in_time_seconds
from integration.worker.harness import eventually
from integration.worker.proxy import Proxy

pytestmark = pytest.mark.timeout(150)


@pytest.mark.parametrize("queue_type", ["Quorum", "Classic"])
def test_given_a_channel_that_the_broker_closes_then_it_consumes_on_a_new_one(
    bench: Bench, queue_type: str
) -> None:
    worker = bench.declare(queue_type).start(heartbeat_seconds=5).await_ready()
    # A wrong acknowledgement on the worker's own channel: 406, and the connection stays
    bench.publish("spoil")
    eventually(lambda: worker.logged("unknown delivery tag"), what="the broker's words")
    eventually(
        lambda: len(bench.ledger("started")) >= 2, seconds=in_time_seconds(5), what="tried again"
    )
    bench.await_works(worker, "work:0", seconds=in_time_seconds(5))
    assert worker.count('stale_acks_total{queue="tasks"}') == 1
    assert bench.ledger("completed").count("spoil 1 pod-1") == 1
    bench.assert_nothing_left()


def test_given_a_network_that_swallows_all_then_it_consumes_in_time(bench: Bench) -> None:
    bench.declare()
    with Proxy(bench.broker.host, bench.broker.port) as proxy:
        worker = bench.start(heartbeat_seconds=10, broker_at=proxy.address).await_ready()
        proxy.swallow()
        bench.await_works(worker, "work:0", seconds=in_time_seconds(10))
        assert worker.count('broker_reconnects_total{queue="tasks"}') == 1
