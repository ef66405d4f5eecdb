"""Users with the rights of docs/permissions.md and no more do everything; each right is needed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from integration.broker.readings import Told
from integration.dlq.dlq_rig import DEAD, WORK, rig
from integration.producer.producer_rig import Rig
from integration.worker.bench import Bench
from integration.worker.harness import eventually
from kit.kube import wait_for
from kit.rabbit import Broker
from kit.rights import rights_of, tags
from unit.core.builders import workqueue
from workqueue_operator.broker.management import queues_url, session_of
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.broker.upkeep import ManagementUpkeep
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import AccessRefusedError
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Known
from workqueue_operator.core.upkeep import ManagementError

QUEUE = "tasks"
NONE = "^$"
PASSWORD = "just-for-this-test"


@dataclass
class Users:
    """Makes users with the rights of a row, and takes them away again."""

    broker: Broker
    names: list[str] = field(default_factory=list)

    def make(self, who: str, queue: str = QUEUE, *, tags: str = "", **instead: str) -> Broker:
        """The broker as this user sees it. instead: other expressions than those of the row."""
        name = f"{self.broker.vhost}-{len(self.names)}"
        self.names.append(name)
        self.broker.create_user(name, PASSWORD, tags=tags, **(rights_of(who, queue) | instead))
        return replace(self.broker, username=name, password=PASSWORD)


@pytest.fixture
def users(broker: Broker) -> Iterator[Users]:
    made = Users(broker)
    yield made
    for name in made.names:
        broker.delete_user(name)


def access_of(user: Broker) -> Access:
    return Access(
        host=user.host,
        port=user.port,
        tls=False,
        vhost=user.vhost,
        username=user.username,
        password=user.password,
        management_uri=user.management_uri,
    )


def queue_of(kind: str, **more: Any) -> Queue:
    """With all that an operator declares: dead letters and retry queues."""
    spec = {"queue": {"name": QUEUE, "type": kind, **more}}
    return workqueue({**spec, "worker": {"retry": {"delaysSeconds": [1, 10]}}}).queue


def delete_all(topology: RabbitTopology, access: Access, queue: Queue) -> None:
    retries = [f"{QUEUE}.retry.{seconds}" for seconds in queue.retry_delays_seconds]
    for name in (*retries, queue.name, str(queue.dead_letter_name)):
        topology.delete(access, name, if_empty=False)


@pytest.mark.parametrize("kind", ["Quorum", "Classic"])
def test_the_operator_declares_compares_reads_and_deletes(
    users: Users, kind: str, topology: RabbitTopology, told: Told
) -> None:
    access, queue = access_of(users.make("operator")), queue_of(kind)
    assert topology.ensure(access, queue)
    assert not topology.ensure(access, queue)
    told.monitors.watch(access, QUEUE)
    assert isinstance(told.known(access, QUEUE, seconds=20), Known)
    delete_all(topology, access, queue)
    assert users.broker.queue(QUEUE) is None


@pytest.mark.parametrize("right", ["configure", "write", "read"])
def test_the_operator_needs_each_right(users: Users, right: str, topology: RabbitTopology) -> None:
    access = access_of(users.make("operator", **{right: NONE}))
    with pytest.raises(AccessRefusedError):
        topology.ensure(access, queue_of("Quorum"))


def _lists_totals(access: Access) -> int:
    query = {"disable_stats": "true", "enable_queue_totals": "true"}
    with session_of(access) as session:
        return session.get(queues_url(access), params=query, timeout=10).status_code


def _sees_consumers_of_others(access: Access) -> int:
    """Those who may not get an empty list, and no error."""
    with session_of(access) as session:
        url = f"{access.management_uri}/api/vhosts/{quote(access.vhost, safe='')}/channels"
        answer = session.get(url, timeout=10)
        return answer.status_code if answer.ok and answer.json() else 401


def _writes_a_policy(access: Access) -> int:
    """And finds it among those that are there, and takes it away again."""
    upkeep = ManagementUpkeep()
    policy = {"pattern": f"^{QUEUE}$", "definition": {"max-length": 9}, "apply-to": "queues"}
    try:
        upkeep.write_policy(access, QUEUE, policy)
        found = [each.name for each in upkeep.policies(access)]
        upkeep.remove_policy(access, QUEUE)
    except ManagementError:
        return 401
    return 200 if found == [QUEUE] else 500


ASKING: dict[str, Callable[[Access], int]] = {
    "management": _lists_totals,
    "monitoring": _sees_consumers_of_others,
    "policymaker": _writes_a_policy,
}


def test_the_page_tells_of_every_tag_and_of_no_other() -> None:
    assert set(tags()) == set(ASKING)


@pytest.mark.parametrize("tag", ASKING)
def test_each_tag_is_enough_and_needed(
    users: Users, tag: str, told: Told, topology: RabbitTopology
) -> None:
    # Given somebody who is connected, for the one who may see that
    mine = access_of(users.make("operator"))
    topology.ensure(mine, queue_of("Classic"))
    told.monitors.watch(mine, QUEUE)
    told.known(mine, QUEUE, seconds=20)
    ask = ASKING[tag]
    allowed = access_of(users.make("operator", tags=tag))
    weaker = access_of(users.make("operator", tags="" if tag == "management" else "management"))
    # Its statistics are some seconds behind.
    wait_for(f"an answer to {tag}", lambda: ask(allowed) in {200, 201, 204}, seconds=30)
    assert ask(weaker) == 401


@pytest.fixture
def bench(broker: Broker, tmp_path: Path) -> Iterator[Bench]:
    """The administrator's; a test gives its workers another user."""
    made = Bench(broker, tmp_path)
    made.declare()
    made.declare_retry(1)
    yield made
    made.close()


def test_the_worker_works_tries_again_and_gives_up(users: Users, bench: Bench) -> None:
    bench.broker = users.make("worker")
    worker = bench.start(RETRY_DELAYS_SECONDS="1").await_ready(seconds=30)
    bench.publish("work", "fail", "hopeless")
    bench.await_ledger("completed", 1, seconds=30)
    given_up = {bench.await_dead_letter(seconds=60)[0] for _ in range(2)}
    assert given_up == {"fail", "hopeless"}
    assert len([line for line in bench.ledger("started") if line.startswith("fail ")]) == 3
    assert worker.ready()


def test_the_worker_needs_to_read_its_queue(users: Users, bench: Bench) -> None:
    bench.broker = users.make("worker", read=NONE)
    worker = bench.start()
    eventually(lambda: worker.logged("ACCESS_REFUSED"), seconds=30, what="the broker's refusal")
    assert not worker.ready()


def test_the_worker_needs_to_write_what_failed(users: Users, bench: Bench) -> None:
    bench.broker = users.make("worker", write=NONE)
    worker = bench.start().await_ready(seconds=30)
    bench.publish("work", "hopeless")
    bench.await_ledger("completed", 1, seconds=30)
    eventually(lambda: worker.logged("ACCESS_REFUSED"), seconds=30, what="the broker's refusal")
    assert bench.ready("tasks.dead") == 0


def test_the_producer_publishes_and_needs_to_write(users: Users, tmp_path: Path) -> None:
    users.broker.declare(QUEUE, x_queue_type="quorum")
    for number, (instead, code) in enumerate((({}, 0), ({"write": NONE}, 1))):
        with Rig.of(users.make("producer", **instead), tmp_path / f"broker-{number}") as made:
            run = made.publish("--queue", QUEUE, "x")
        assert run.code == code, run.err


@pytest.mark.parametrize(
    ("who", "words"),
    [
        pytest.param("dlq list, show, purge", ("list",), id="list"),
        pytest.param("dlq list, show, purge", ("show", "id-3"), id="show"),
        pytest.param("dlq list, show, purge", ("purge", "--all", "--yes"), id="purge"),
        pytest.param("dlq replay", ("replay", "--all"), id="replay"),
    ],
)
def test_the_command_line_needs_these_rights(
    users: Users, tmp_path: Path, who: str, words: tuple[str, ...]
) -> None:
    with rig(users.broker, tmp_path) as dlq:
        dlq.declare()
        dlq.fill(5)
        user = users.make(who, WORK)
        dlq.user(user.username, user.password)
        done = dlq.run(*words)
        assert done.code == 0, done.err
        left = 0 if words[0] in {"purge", "replay"} else 5
        assert dlq.ready(DEAD) == left
        dlq.fill(1)
        for right in ("read", "write") if who == "dlq replay" else ("read",):
            user = users.make(who, WORK, **{right: NONE})
            dlq.user(user.username, user.password)
            assert dlq.run(*words).code != 0, right
