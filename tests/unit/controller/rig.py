"""The whole controller over a broker, a cluster and a clock of the test's own."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unit.controller.fake_broker import FakeBroker, secret
from unit.controller.fake_clock import FakeClock
from unit.controller.fake_cluster import FakeCluster, Key
from unit.core.builders import body
from workqueue_operator.controller.assembly import World, assemble
from workqueue_operator.controller.loop import Controller
from workqueue_operator.controller.pending import Pending
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.ports import BusyAnswer, DeploymentState, Pod
from workqueue_operator.telemetry import Telemetry

LET_GO_SECONDS = 300.0
KEY: Key = ("shop", "thumbnails")


class DuePending(Pending):
    """Never waits: take() ends the thread of steps when nothing is due now."""

    crowded: bool = False  # as if somebody without workers waited all the time

    def take(self) -> str | None:
        """The next key that is due, or None."""
        with self._condition:
            if self._first() is not None:
                return super().take()
        return None

    def is_crowded(self) -> bool:
        """See Pending."""
        return self.crowded or super().is_crowded()

    def left(self) -> dict[str, float]:
        """Seconds until each key is due."""
        return {key: due - self._monotonic() for key, (due, _) in self._asked.items()}


@dataclass
class Rig:
    """A story's stage. Steps are taken by run(), in the test's thread."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: Telemetry = field(default_factory=Telemetry)
    cluster: FakeCluster = field(init=False)
    broker: FakeBroker = field(init=False)
    pending: DuePending = field(init=False)
    controller: Controller = field(init=False)
    steps: int = 0  # taken so far

    def __post_init__(self) -> None:
        self.cluster = FakeCluster(self.clock)
        self.broker = FakeBroker(self.clock)
        self.cluster.secrets["shop", "rabbitmq"] = secret()
        self.start()

    def start(self) -> None:
        """Begin a process of the operator, over the world as it is."""
        self.broker.watched.clear()
        self.broker.seldom.clear()
        self.pending = DuePending(self.clock.monotonic)
        world = World(
            cluster=self.cluster,
            topology=self.broker,
            monitors=self.broker,
            rates=self.broker,
            holders=self.broker,
            upkeep=self.broker.upkeep,
            clock=self.clock,
            telemetry=self.telemetry,
            let_go_seconds=LET_GO_SECONDS,
        )
        self.controller = assemble(world, threads=8, pending=self.pending)
        self.controller.stepper.acting.turns.open()
        self.broker.sink = self.controller.observe
        self.cluster.changed = self.controller.registry.learn
        self.cluster.gone = self.controller.registry.forget
        self.cluster.deployment_changed = self.controller.observe_deployment
        for live in self.cluster.deployments.values():
            if live.owner_uid is not None:
                self.controller.observe_deployment(live.owner_uid, live)
        for each in list(self.cluster.workqueues.values()):
            self.controller.registry.learn(copy.deepcopy(each))

    def apply(self, spec: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
        """Have the user create a WorkQueue; returns the object as it is stored, live."""
        given = body(spec, **({"creationTimestamp": self.clock.rfc3339()} | metadata))
        self.cluster.put(given)
        return given

    def change(self, given: dict[str, Any], **spec: Mapping[str, Any]) -> None:
        """Have the user change sections of the spec."""
        for section, values in spec.items():
            given["spec"][section] |= values
        given["metadata"]["generation"] += 1
        self.cluster.touch(given)

    def run(self) -> int:
        """Take every step that is due now; returns how many there were."""
        before = _steps(self.telemetry)
        self.controller._run()
        taken = _steps(self.telemetry) - before
        self.steps += taken
        return taken

    def run_once(self) -> None:
        """Take the one step that is due first."""
        uid = self.pending.take()
        assert uid is not None
        again = self.controller._step(uid)
        self.pending.done(uid)
        self.controller._follow(uid, again)

    def sweep(self) -> None:
        """Read every queue once, and take the steps that follow."""
        self.broker.sweep()
        self.run()

    def settle(self, times: int = 3) -> None:
        """Let everything that can happen at once happen."""
        for _ in range(times):
            self.sweep()

    def pass_seconds(self, seconds: float, *, every: float = 1.0) -> None:
        """Let time pass, with a sweep now and then."""
        end = self.clock.seconds + seconds
        while self.clock.seconds < end:
            self.clock.seconds = min(end, self.clock.seconds + every)
            self.sweep()

    def quiet_seconds(self, seconds: float) -> None:
        """Let time pass in which nobody reads anything."""
        self.clock.seconds += seconds
        self.run()

    # --- the world of one WorkQueue

    def state(self, uid: str = "uid-1") -> ObjectState:
        """What the controller remembers of it."""
        return self.controller.states.by_uid[uid]

    def deployment(self, key: Key = KEY) -> DeploymentState:
        """Its Deployment."""
        return self.cluster.deployments[key]

    def pods_start(self, key: Key = KEY) -> None:
        """All pods of the Deployment are there, ready, and of the newest template."""
        live = self.deployment(key)
        count = live.replicas
        self.cluster.pods[key] = [pod(f"{key[1]}-{number}") for number in range(count)]
        after = replace(
            live,
            current=count,
            ready=count,
            updated=count,
            observed_generation=live.generation,
        )
        self.cluster.set_deployment(after, key)

    def work(self, tasks: int, key: Key = KEY) -> None:
        """So many of its pods hold one task each, and say so."""
        for number, each in enumerate(self.cluster.pods.get(key, ())):
            self.cluster.busy[each.name] = BusyAnswer(busy=int(number < tasks), draining=False)

    def condition(self, given: Mapping[str, Any], kind: str = "Ready") -> Mapping[str, Any]:
        """One condition of its status."""
        found = [each for each in given["status"]["conditions"] if each["type"] == kind]
        return dict(found[0])


def _steps(telemetry: Telemetry) -> int:
    found = telemetry.registry.get_sample_value("workqueue_reconcile_duration_seconds_count")
    return int(found or 0)


def pod(name: str, *, terminating: bool = False, phase: str = "Running", ready: bool = True) -> Pod:
    """A worker pod on a node."""
    raw = {
        "metadata": {"name": name},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": phase},
    }
    return Pod(
        name=name, uid=f"uid-{name}", ip="10.88.0.9", terminating=terminating, ready=ready, raw=raw
    )
