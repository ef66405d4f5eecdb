"""Vhosts, queues, users and passwords of characters that have a meaning somewhere on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from integration.broker.readings import Told
from integration.producer.producer_rig import Rig
from integration.worker.bench import Bench
from kit.rabbit import Broker
from unit.core.builders import workqueue
from workqueue_operator.broker.management import queues_url, session_of
from workqueue_operator.broker.rates import ManagementRates
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.core.access import Access, from_secret
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Missing

ALL = "/ %2F%@+:?#&=;[é日]'\"~"
NAMES = {
    "a slash": "a/b",
    "an at": "a@b",
    "a percent sign": "50%",
    "a percent sign that looks encoded": "a%2Fb",
    "a plus": "a+b",
    "a space": "a b",
    "beyond ASCII": "größe-日本-🐇",
    "all of them": ALL,
}


@dataclass(frozen=True)
class Odd:
    """A broker's vhost, user, password and queue of one odd name, and how the Secret says it."""

    broker: Broker
    queue: Queue
    secret: Mapping[str, str]

    @property
    def access(self) -> Access:
        """What the operator makes of it."""
        data = {key: text.encode() for key, text in self.secret.items()}
        uri = self.broker.management_uri
        return from_secret("rabbitmq", data, vhost=self.broker.vhost, management_uri=uri)


@pytest.fixture(
    params=[(name, form) for name in NAMES for form in ("keys", "uri")],
    ids=[f"{name} in {form}" for name in NAMES for form in ("keys", "a uri")],
)
def odd(request: pytest.FixtureRequest, broker: Broker) -> Iterator[Odd]:
    kind, form = request.param
    name = NAMES[kind]
    # Names of users are the broker's own: the test's vhost keeps those of two runs apart.
    there = replace(broker, vhost=f"{broker.vhost} {name}")
    # HTTP ends a user's name at its first colon, so that the management API can never know it.
    user, password = f"{broker.vhost} {name}".replace(":", ""), f"{name}{name}"
    there.create_vhost()
    there.create_user(user, password, tags="management")
    theirs = replace(there, username=user, password=password)
    kind_of = workqueue({"queue": {"name": f"q {name}", "type": "Classic"}})
    yield Odd(theirs, kind_of.queue, _secret(theirs, form))
    there.delete_user(user)
    there.delete_vhost()


def _secret(broker: Broker, form: str) -> Mapping[str, str]:
    if form == "keys":
        port = str(broker.port)
        user, password = broker.username, broker.password
        return {"host": broker.host, "port": port, "username": user, "password": password}
    user, password, vhost = (
        quote(text, safe="") for text in (broker.username, broker.password, broker.vhost)
    )
    return {"uri": f"amqp://{user}:{password}@{broker.host}:{broker.port}/{vhost}"}


def test_the_operator_declares_reads_asks_and_deletes(
    odd: Odd, told: Told, topology: RabbitTopology
) -> None:
    access, queue = odd.access, odd.queue
    assert topology.ensure(access, queue)
    told.monitors.watch(access, queue.name)
    assert told.known(access, queue.name, seconds=20).ready == 0
    with session_of(access) as session:
        rows = session.get(queues_url(access), timeout=10).json()
        assert {row["name"] for row in rows} == {queue.name, queue.dead_letter_name}
        one = session.get(f"{queues_url(access)}/{quote(queue.name, safe='')}", timeout=10)
        assert one.json()["name"] == queue.name
    ManagementRates().ask(access, queue.name, seconds=10)
    topology.delete(access, queue.name, if_empty=False)
    told.wait(access, queue.name, lambda one: isinstance(one, Missing), seconds=20)


def test_the_producer_publishes_and_the_worker_works(
    odd: Odd, topology: RabbitTopology, tmp_path: Path
) -> None:
    queue = odd.queue
    topology.ensure(odd.access, queue)
    bench = Bench(odd.broker, tmp_path)
    try:
        if "uri" in odd.secret:
            (tmp_path / "broker").mkdir()
            (tmp_path / "broker" / "uri").write_text(odd.secret["uri"], encoding="utf-8")
        dead = str(queue.dead_letter_name)
        worker = bench.start(QUEUE=queue.name, DEAD_LETTER_QUEUE=dead).await_ready(seconds=30)
        with Rig.of(odd.broker, tmp_path / "producer") as rig:
            run = rig.publish("--queue", queue.name, "work", "hopeless", **odd.secret)
        assert (run.code, run.summary["confirmed"]) == (0, 2), run.err
        bench.await_ledger("completed", 1, seconds=30)
        bench.await_ledger("started", 2, seconds=30)
        assert worker.ready()
    finally:
        bench.close()
    [dead_letter] = odd.broker.peek(dead)
    assert dead_letter["payload"] == "hopeless"
