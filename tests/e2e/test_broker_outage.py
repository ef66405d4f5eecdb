"""The broker is away, for longer than every window: nobody is sent home, and nothing is lost.

Where a WorkQueue asks for workers who come when nothing is known, they come.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from kit import processes
from kit.kube import Json, Kube, condition, wait_for
from kit.publishing import tasks
from kit.story import NOWHERE, Story
from kit.watching import Replicas

WINDOW_SECONDS = 10
AWAY_SECONDS = 3 * WINDOW_SECONDS + 1
COUNT = 36
WORKERS = 3
NAMES = ("plain", "managed")
SOON = timedelta(seconds=10)
AFTER_SECONDS = 5
FLOOR = 2
BLIND: Mapping[str, tuple[Json, Json, list[int]]] = {
    "empty": ({}, {}, [0]),
    "raised": ({"minWorkers": 1}, {"minWorkers": FLOOR}, [1, FLOOR, 1]),
    "from-zero": ({}, {"minWorkers": FLOOR}, [0, FLOOR, 0]),
    "enough": ({"minWorkers": 3}, {"minWorkers": FLOOR}, [3]),
    "keyless": ({}, {"minWorkers": FLOOR}, [0, FLOOR, 0]),
}
"""Bounds, onUnknown, and the numbers that follow. `keyless` loses its Secret as well."""


class BrokerPod:
    """The broker's StatefulSet."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    def kill(self) -> None:
        """End it at once, and keep it away."""
        self.kube.patch("StatefulSet", "rabbitmq", {"spec": {"replicas": 0}}, "scale")
        processes.kill_broker()

    def bring_back(self) -> None:
        """Start it again, and wait until it is ready."""
        self.kube.patch("StatefulSet", "rabbitmq", {"spec": {"replicas": 1}}, "scale")

        def ready() -> bool:
            status = self.kube.need("StatefulSet", "rabbitmq").get("status", {})
            return bool(status.get("readyReplicas"))

        wait_for("the broker", ready, seconds=90)


@pytest.fixture
def broker_pod(story: Story) -> Iterator[BrokerPod]:
    """The broker's pod, which is there again afterwards whatever happens."""
    pod = BrokerPod(Kube(story.kube.api, "rabbitmq", story.kube.connection))
    yield pod
    pod.bring_back()


def test_nobody_is_sent_home_while_the_broker_is_away(story: Story, broker_pod: BrokerPod) -> None:
    # Given two WorkQueues with a backlog, one of them with a management address
    # And some more who would have workers, or would not, when nothing is known
    begin_blind(story)
    begin_work(story)
    with ExitStack() as watching:
        names = (*NAMES, *BLIND)
        histories = {n: watching.enter_context(Replicas(story.kube, n)) for n in names}
        # When the broker is killed, and stays away for more than three windows
        killed_at = datetime.now().astimezone()
        story.set("keyless", {"broker": {"secretName": "there-is-none"}})
        broker_pod.kill()
        # Then status says why, and since when
        told = [story.wait_not_ready(name, "BrokerUnreachable") for name in NAMES]
        for since in map(time_of, told):
            assert timedelta(seconds=-1) <= since - killed_at < SOON  # it is told in whole seconds
        assert_blind(story)
        # And a WorkQueue that comes now is told so, too
        story.apply("newcomer")
        story.wait_not_ready("newcomer", "BrokerUnreachable")
        story.stay(AWAY_SECONDS)
        for name, first in zip(NAMES, told, strict=True):
            found = condition(story.kube.need("WorkQueue", name))
            assert found["reason"] == "BrokerUnreachable"
            assert f"{WORKERS} workers are held" in found["message"]
            assert time_of(found) == time_of(first)
        # And the work goes on by itself afterwards
        assert story.ledger.read().completed() < COUNT
        broker_pod.bring_back()
        story.set("keyless", {"broker": {"secretName": "rabbitmq"}})
        story.wait_ready("newcomer", "Idle", seconds=60)
        assert story.broker.queue("newcomer") is not None
        story.wait_completed(2 * COUNT, seconds=120)
        # And nobody was sent home, neither while it was away nor when it was back
        # And those who came blindly leave again
        for name, (_, _, numbers) in BLIND.items():
            story.wait_replicas(name, numbers[-1], seconds=60)
        wanted = {name: [WORKERS] for name in NAMES} | {n: case[2] for n, case in BLIND.items()}
        assert {name: history.values() for name, history in histories.items()} == wanted
    # And none is lost; only what was in work may have been done twice
    assert story.ledger.read().lost(range(2 * COUNT)) == []
    assert len(story.ledger.started_twice()) <= 2 * WORKERS
    assert set(story.ledger.repeated()) <= set(story.ledger.started_twice())


def begin_work(story: Story) -> None:
    """All workers are in the middle of the backlog."""
    scaling = {"maxWorkers": WORKERS, "scaleDown": {"stabilizationSeconds": WINDOW_SECONDS}}
    address = f"http://{story.broker.pod_host}:15672"
    story.apply("plain", {"scaling": scaling})
    story.apply("managed", {"scaling": scaling, "broker": {"managementUri": address}})
    for number, name in enumerate(NAMES):
        story.wait_ready(name)
        story.put(name, tasks(COUNT, seconds=2, first=number * COUNT))
    story.wait_in_work(2 * WORKERS)


def begin_blind(story: Story) -> None:
    """Idle WorkQueues, whose workers have no node: their number alone matters.

    Their own Secret is named apart: else another one for the operator would be another template,
    and a rollout that cannot end without a node would hold them.
    """
    worker = {**NOWHERE, "brokerSecretName": "rabbitmq"}
    for name, (bounds, unknown, _) in BLIND.items():
        window = {"scaleDown": {"stabilizationSeconds": WINDOW_SECONDS}}
        blind = {"onUnknown": {"afterSeconds": AFTER_SECONDS, **unknown}}
        story.apply(name, {"worker": worker, "scaling": bounds | blind | window})
    for name, (bounds, _, _) in BLIND.items():
        story.wait_declared(name)
        story.wait_replicas(name, bounds.get("minWorkers", 0))


def assert_blind(story: Story) -> None:
    """Those who want workers blindly get them, and it is told why."""
    causes = {"raised": "BrokerUnreachable", "from-zero": "BrokerUnreachable"}
    for name, reason in (causes | {"keyless": "SecretMissing"}).items():
        story.wait_replicas(name, FLOOR, seconds=30)
        told = story.wait_decision(name, "UnknownFloor")
        assert told["workers"] == FLOOR
        words = f"nothing has been known for {AFTER_SECONDS} s or more, so {FLOOR} workers run"
        assert words in told["message"]
        assert words in story.wait_event(name, "ScaledUp")["message"]
        assert f"({FLOOR} workers are held)" in story.wait_not_ready(name, reason)["message"]


def time_of(found: Json) -> datetime:
    """Since when a condition has had its status."""
    return datetime.fromisoformat(found["lastTransitionTime"])
