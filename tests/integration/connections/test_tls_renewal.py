"""Certificates that change under a worker at work."""

from pathlib import Path

import pytest

from integration.connections.safe_ways import Brokers, foreign_certificate, which
from integration.worker.bench import Bench
from integration.worker.harness import eventually
from kit import certificates
from kit.safe_nodes import SafeNode

pytestmark = pytest.mark.timeout(240)


def test_a_worker_takes_a_new_certificate_in_the_middle_of_a_task(
    brokers: Brokers, tmp_path: Path
) -> None:
    # Given a worker that is known by its certificate, and a task at work
    node, data = which(brokers, "mutual")
    bench = Bench(node.node.broker, tmp_path)
    try:
        bench.declare("Classic")
        tls = certificates.mount(tmp_path / "tls", data)
        worker = bench.start(broker_at=(node.broker.host, node.broker.port), TLS_DIR=str(tls))
        worker.await_ready()
        bench.publish("hold")
        bench.await_ledger("started", 1)
        # When its certificate changes to one that the broker does not believe
        certificates.mount(tls, foreign_certificate(brokers))
        kept = "old one stays in use"
        eventually(lambda: worker.logged(kept), seconds=30, what="a log line")
        assert (worker.ready(), worker.busy()) == (True, 1)
        # And then to a good one
        certificates.mount(tls, certificates.mutual(node.certificates, client=certificates.RENEWED))
        eventually(lambda: connections_of(node, "pod-1") == 2, seconds=30, what="a new connection")
        (tmp_path / "ledger.release").touch()
        # Then the task is finished where it came from, and the next one comes by the new one
        taken = "changed credentials are in use"
        eventually(lambda: worker.logged(taken), seconds=30, what="renewed")
        bench.publish("work")
        bench.await_ledger("completed", 1, seconds=30)
        assert len(bench.ledger("started")) == 2
        eventually(lambda: connections_of(node, "pod-1") == 1, seconds=30, what="the old one gone")
    finally:
        bench.close()


def connections_of(node: SafeNode, name: str) -> int:
    return node.node.broker.connections(node.broker.username).count(name)
