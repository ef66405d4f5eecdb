"""Operator, worker and producer against brokers with TLS, believed for one reason alone."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from integration.broker.readings import Told
from integration.broker.way import Way
from integration.connections.safe_ways import Brokers, foreign_certificate, secret_of, which
from integration.dlq.dlq_rig import DEAD
from integration.dlq.dlq_rig import rig as dlq_rig
from integration.producer.producer_rig import Rig
from integration.worker.bench import Bench
from kit import certificates
from unit.core.builders import workqueue
from workqueue_operator.broker.management import queues_url, session_of
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.errors import TLSFailedError
from workqueue_operator.core.readings import Unknown

pytestmark = pytest.mark.timeout(240)  # the nodes' start counts for the first test
QUEUE = workqueue({"queue": {"name": "tasks", "type": "Classic"}}).queue


both = pytest.mark.parametrize("name", ["open", "mutual"], ids=["TLS", "mutual TLS"])


@both
def test_the_operator_declares_reads_and_hears_the_management_api(
    brokers: Brokers, name: str, told: Told, topology: RabbitTopology
) -> None:
    node, data = which(brokers, name)
    access = secret_of(node, data)

    topology.ensure(access, QUEUE)
    told.monitors.watch(access, QUEUE.name)
    told.known(access, QUEUE.name, seconds=20)
    with session_of(access) as session:
        assert QUEUE.name in session.get(queues_url(access), timeout=20).text
        adapter: Any = session.adapters["https://"]
        believed = adapter.poolmanager.connection_pool_kw["ssl_context"]
        assert len(believed.get_ca_certs()) == 1, "requests has added its own authorities"
    topology.delete(access, QUEUE.name, if_empty=False)


@both
def test_the_command_line_looks_at_dead_letters(
    brokers: Brokers, name: str, tmp_path: Path
) -> None:
    node, data = which(brokers, name)
    administrator = node.node.broker
    administrator.declare(DEAD, x_queue_type="quorum")
    administrator.put(DEAD, "a task")

    with dlq_rig(node.broker, tmp_path, data) as dlq:
        trusting = dlq.run("list")
    with dlq_rig(node.broker, tmp_path) as dlq:
        trusting_nobody = dlq.run("list")

    administrator.delete_queue(DEAD)
    assert trusting.code == 0, trusting.err
    assert trusting.out.splitlines()[1].endswith("a task")
    assert trusting_nobody.code == 3
    assert "name a Secret with ca.crt in spec.broker.caSecretName" in trusting_nobody.err


Choose = Callable[[Brokers], Mapping[str, str] | None]


def other_authority(brokers: Brokers) -> Mapping[str, str]:
    return certificates.trusting(brokers.mutual.certificates)


def no_certificate(brokers: Brokers) -> Mapping[str, str]:
    return certificates.trusting(brokers.mutual.certificates)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        pytest.param(
            ("open", other_authority), "none of our authorities signed", id="another authority"
        ),
        pytest.param(
            ("open", lambda _: None), "name a Secret with ca.crt", id="the system's alone"
        ),
        pytest.param(("mutual", no_certificate), "certificate of ours", id="none to show"),
        pytest.param(
            ("mutual", foreign_certificate),
            "our certificate|certificate of ours",
            id="a certificate of others",
        ),
    ],
)
def test_a_session_that_cannot_be_is_told_with_the_way_out(
    brokers: Brokers, case: tuple[str, Choose], words: str, told: Told, topology: RabbitTopology
) -> None:
    name, data = case
    node, _ = which(brokers, name)
    access = secret_of(node, data(brokers))

    with pytest.raises(TLSFailedError, match=words):
        topology.ensure(access, QUEUE)
    with session_of(access) as session, pytest.raises(requests.exceptions.ConnectionError):
        session.get(queues_url(access), timeout=20)

    told.monitors.watch(access, QUEUE.name)
    said = told.wait(access, QUEUE.name, lambda one: isinstance(one, Unknown), seconds=20)
    assert isinstance(said, Unknown)
    assert said.reason == "TLSFailed"
    assert re.search(words, said.why)


def test_a_broker_under_another_name_is_not_believed(
    brokers: Brokers, topology: RabbitTopology
) -> None:
    node, data = which(brokers, "open")
    way = Way(node.broker.host, node.broker.port)
    try:
        access = replace(secret_of(node, data), host="127.0.0.1", port=way.port)
        with pytest.raises(TLSFailedError, match="for another name"):
            topology.ensure(access, QUEUE)
    finally:
        way.close()


def test_a_port_without_tls_is_told(brokers: Brokers, topology: RabbitTopology) -> None:
    node, data = which(brokers, "open")
    with pytest.raises(TLSFailedError, match="5671"):
        topology.ensure(replace(secret_of(node, data), port=15672), QUEUE)


@both
def test_a_worker_and_a_producer_do_their_work(brokers: Brokers, name: str, tmp_path: Path) -> None:
    # Given a queue, which was declared over the plain port
    node, data = which(brokers, name)
    bench = Bench(node.node.broker, tmp_path)
    try:
        bench.declare("Classic")
        tls = certificates.mount(tmp_path / "tls", data)
        # When a worker and a producer come with the Secret of the safe one
        worker = bench.start(broker_at=(node.broker.host, node.broker.port), TLS_DIR=str(tls))
        worker.await_ready()
        with Rig.of(node.broker, tmp_path / "producer") as rig:
            run = rig.publish("--queue", "tasks", "--tls-dir", str(tls), "work", "fail")
        # Then the task is done, and one that fails is published again and given up
        assert (run.code, run.summary["confirmed"]) == (0, 2), run.err
        bench.await_ledger("completed", 1, seconds=30)
        body, _ = bench.await_dead_letter(seconds=60)
        assert body == "fail"
        assert worker.ready()
    finally:
        bench.close()


def test_a_producer_says_what_its_certificate_or_authority_lacks(
    brokers: Brokers, tmp_path: Path
) -> None:
    began = time.monotonic()
    for node, data, words in (
        (brokers.open, other_authority(brokers), "is not trusted"),
        (brokers.mutual, no_certificate(brokers), "mount tls.crt and tls.key"),
    ):
        tls = certificates.mount(tmp_path / node.broker.host / "tls", data)
        with Rig.of(node.broker, tmp_path / node.broker.host / "secret") as rig:
            options = ("--queue", "tasks", "--tls-dir", str(tls), "--retry-seconds", "20")
            run = rig.publish(*options, "x")
        assert run.code == 3, run
        assert words in run.err
    assert time.monotonic() - began < 60, "neither was tried again"
