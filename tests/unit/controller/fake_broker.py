"""A broker that keeps the promises of ports.Topology and ports.Monitors, and counts questions."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unit.controller.fake_clock import FakeClock
from unit.controller.fake_upkeep import FakeUpkeep
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError
from workqueue_operator.core.queues import Queue
from workqueue_operator.core.readings import Known, Missing, Reading, Unknown
from workqueue_operator.ports import ReadingSink, Throughput


@dataclass
class Tasks:
    """One queue of the broker."""

    ready: int = 0
    unacked: int | None = 0
    consumers: int = 0


@dataclass
class FakeBroker:
    """Every address is the same broker, with queues of its own at each."""

    clock: FakeClock
    queues: dict[tuple[str, str], Tasks] = field(default_factory=dict)
    down: BrokerError | None = None
    wrong_passwords: set[str] = field(default_factory=lambda: {"wrong"})
    mute: set[str] = field(default_factory=set)  # who comes with these is told nothing
    refusals: dict[str, BrokerError] = field(default_factory=dict)  # of ensure, by queue
    delete_refused: BrokerError | None = None
    watched: dict[tuple[Access, str], None] = field(default_factory=dict)
    seldom: dict[tuple[Access, str], None] = field(default_factory=dict)
    ensured: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    holding: dict[str, Mapping[str, int]] = field(
        default_factory=dict
    )  # of queues that it tells of
    deliveries: dict[str, tuple[int, int]] = field(default_factory=dict)  # of queues
    upkeep: FakeUpkeep = field(default_factory=FakeUpkeep)
    sink: ReadingSink | None = None
    slow: threading.Event | None = None  # ensure waits for it

    # --- ports.Rates

    def ask(self, access: Access, queue: str, *, seconds: float) -> Throughput | None:
        """See ports.Rates: nothing was ever finished here."""
        there = (access.address, queue) in self.queues
        return Throughput(finished=0, seconds=seconds, unacked=0.0) if there else None

    def delivered(self, access: Access, queue: str, *, seconds: float) -> tuple[int, int] | None:
        """See ports.Rates."""
        there = (access.address, queue) in self.queues and seconds > 0
        return self.deliveries.get(queue) if there else None

    # --- ports.Holders

    def held(self, access: Access, queue: str) -> Mapping[str, int] | None:
        """See ports.Holders."""
        return self.holding.get(queue) if (access.address, queue) in self.queues else None

    # --- what a test does

    def queue(self, name: str = "thumbnails", address: str = "rabbitmq:5672/") -> Tasks:
        """The queue, made if it is not there."""
        return self.queues.setdefault((address, name), Tasks())

    def has(self, name: str, address: str = "rabbitmq:5672/") -> bool:
        """Whether it is there."""
        return (address, name) in self.queues

    def go_down(self) -> None:
        """Answer nobody any more."""
        self.down = BrokerUnreachableError("rabbitmq:5672 refused the connection")

    def sweep(self) -> None:
        """Tell the sink of every queue that is watched, access by access."""
        assert self.sink is not None
        watched = [*self.watched, *self.seldom]
        for access in dict.fromkeys(access for access, _ in watched):
            names = [name for each, name in watched if each == access]
            if access.password in self.mute:
                continue
            self.sink(access, {name: self._reading(access, name) for name in names})

    # --- ports.Monitors

    def watch(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.watched[access, queue] = None

    def watch_seldom(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.seldom[access, queue] = None

    def unwatch(self, access: Access, queue: str) -> None:
        """See ports.Monitors."""
        self.seldom.pop((access, queue), None)
        self.watched.pop((access, queue), None)

    def alive(self) -> Sequence[str]:
        """See ports.Monitors."""
        return ()

    def close(self) -> None:
        """See ports.Monitors."""
        self.watched.clear()
        self.seldom.clear()

    # --- ports.Topology

    def ensure(self, access: Access, queue: Queue) -> bool:
        """See ports.Topology."""
        self.ensured.append(queue.name)
        if self.slow is not None:
            self.slow.wait(10)
        self._answer(self.refusals.get(queue.name))
        created = not self.has(queue.name, access.address)
        for name in (queue.dead_letter_name, queue.name, *queue.retry_queues):
            if name is not None:
                self.queue(name, access.address)
        return created

    def delete(self, access: Access, name: str, *, if_empty: bool) -> bool:
        """See ports.Topology."""
        self._answer(self.delete_refused)
        there = self.queues.get((access.address, name))
        if there is not None and if_empty and (there.ready or there.consumers):
            return False
        self.queues.pop((access.address, name), None)
        self.deleted.append(name)
        return True

    def _answer(self, refusal: BrokerError | None) -> None:
        for trouble in (self.down, refusal):
            if trouble is not None:
                raise trouble

    def _reading(self, access: Access, name: str) -> Reading:
        now = self.clock.monotonic()
        if self.down is not None:
            return Unknown(reason=self.down.reason, why=str(self.down), at=now)
        if access.password in self.wrong_passwords:
            return Unknown(reason="AuthenticationFailed", why="refused 'guest'", at=now)
        there = self.queues.get((access.address, name))
        if there is None:
            return Missing(why=f"no queue {name!r}", at=now)
        return Known(ready=there.ready, consumers=there.consumers, unacked=there.unacked, at=now)


def secret(*, host: str = "rabbitmq", **more: str) -> Mapping[str, bytes]:
    """The data of a Secret, as the RabbitMQ Cluster Operator writes them."""
    usual = {"host": host, "port": "5672", "username": "guest", "password": "right"}
    return {key: value.encode() for key, value in (usual | more).items()}
