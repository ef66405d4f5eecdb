"""The workers of one WorkQueue as the sampling meets them: pods, their counters, a broker."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from unit.controller.fake_clock import FakeClock
from unit.controller.fake_cluster import FakeCluster
from unit.controller.rig import KEY
from unit.core.builders import workqueue
from workqueue_operator.controller.clock import rfc3339
from workqueue_operator.controller.sampling import Sampling
from workqueue_operator.controller.state import ObjectState
from workqueue_operator.core.access import Access
from workqueue_operator.core.learning import Learned, Learner
from workqueue_operator.ports import BusyAnswer, DeploymentState, Pod, Throughput

TARGET = {"target": {"metric": "DrainSeconds", "value": 60, "expectedTaskSeconds": 1}}
ACCESS = Access(host="mq", port=5672, tls=False, vhost="/", username="us", password="secret")
LIVE = DeploymentState(
    namespace=KEY[0],
    name=KEY[1],
    uid="d1",
    owner_uid="uid-1",
    replicas=3,
    generation=1,
    observed_generation=1,
    current=3,
    ready=3,
    updated=3,
    annotations={},
)


@dataclass
class FakeRates:
    """Keeps the promises of ports.Rates."""

    says: Throughput | None = None
    asked: list[tuple[str, float]] = field(default_factory=list)

    def ask(self, access: Access, queue: str, *, seconds: float) -> Throughput | None:
        """See ports.Rates."""
        assert access == ACCESS
        self.asked.append((queue, seconds))
        return self.says

    def delivered(self, access: Access, queue: str, *, seconds: float) -> tuple[int, int] | None:
        """See ports.Rates: nobody asks here."""
        raise AssertionError(f"asked {access.address} of {queue} for {seconds} s")


def first(pods: Sequence[Pod], count: int) -> Sequence[Pod]:
    """Chance that is none."""
    return pods[:count]


class Floor:
    """Three workers that have been there for long, and have told nothing yet."""

    def __init__(self, *, own: bool = False, learning: bool = True) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(self.clock)
        self.rates = FakeRates()
        self.sampling = Sampling(self.cluster, self.rates, self.clock, choose=first)
        spec: dict[str, Any] = {"scaling": TARGET}
        if own:
            spec["worker"] = {"handler": {"own": {}}}
        self.state = ObjectState(wq=workqueue(spec), deployment=LIVE, target=(ACCESS, "mail"))
        self.state.learner = Learner() if learning else None
        self.worked: dict[str, tuple[int, float]] = {}
        self.pods: dict[str, Pod] = {}
        for name in ("a", "b", "c"):
            self.arrive(name, started_seconds=3, ready_ago=3600)

    @property
    def learned(self) -> Learned:
        """What is learned so far."""
        assert self.state.learner is not None
        return self.state.learner.learned(first_guess_seconds=1.0)

    def arrive(
        self, name: str, *, started_seconds: float = 3, ready_ago: float = 0, **more: Any
    ) -> None:
        """A pod that took so long to start, and became ready so long ago."""
        ready_at = self.clock.now() - timedelta(seconds=ready_ago)
        created = ready_at - timedelta(seconds=started_seconds)
        restarts = more.pop("restarts", 0)
        raw = {
            "metadata": {"name": name, "creationTimestamp": rfc3339(created)},
            "status": {
                "conditions": [
                    {"type": "PodScheduled", "status": "True"},
                    {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(ready_at)},
                ],
                "containerStatuses": [{"name": "worker", "restartCount": restarts}],
            },
        }
        fields: dict[str, Any] = {"ip": "10.0.0.9", "terminating": False, "ready": True} | more
        self.pods[name] = Pod(name=name, uid=f"uid-{name}", raw=raw, **fields)

    def work(self, name: str, tasks: int, seconds: float) -> None:
        """This worker finishes so many tasks more."""
        before = self.worked.get(name, (0, 0.0))
        self.worked[name] = (before[0] + tasks, before[1] + seconds)

    def answers(self) -> dict[str, BusyAnswer]:
        """What the workers say now."""
        return {
            name: BusyAnswer(busy=0, draining=False, worked=worked)
            for name, worked in self.worked.items()
        }

    def look(self, *, after: float = 0.0) -> float | None:
        """Let time pass, and take a step's look."""
        self.clock.seconds += after
        self.cluster.pods[KEY] = list(self.pods.values())
        self.cluster.busy = self.answers()
        return self.sampling.sample(self.state, self.clock.monotonic())

    def hear(self, *, after: float) -> None:
        """Let time pass, and tell of a census."""
        self.clock.seconds += after
        pods, now = list(self.pods.values()), self.clock.monotonic()
        self.sampling.heard(self.state, pods, self.answers(), now)

    def ready(self, count: int) -> None:
        """So many workers are ready."""
        self.state.deployment = replace(LIVE, ready=count)
