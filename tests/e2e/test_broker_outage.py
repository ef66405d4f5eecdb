"""The broker is away, for longer than every window: nobody is sent home, and nothing is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from kit import processes
from kit.kube import Json, Kube, condition, wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

WINDOW_SECONDS = 10
AWAY_SECONDS = 3 * WINDOW_SECONDS + 1
COUNT = 36
WORKERS = 3
NAMES = ("plain", "managed")
SOON = timedelta(seconds=10)


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
    begin_work(story)
    with ExitStack() as watching:
        histories = [watching.enter_context(Replicas(story.kube, name)) for name in NAMES]
        # When the broker is killed, and stays away for more than three windows
        killed_at = datetime.now().astimezone()
        broker_pod.kill()
        # Then status says why, and since when
        told = [story.wait_not_ready(name, "BrokerUnreachable") for name in NAMES]
        for since in map(time_of, told):
            assert timedelta(seconds=-1) <= since - killed_at < SOON  # it is told in whole seconds
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
        story.wait_ready("newcomer", "Idle", seconds=60)
        assert story.broker.queue("newcomer") is not None
        story.wait_completed(2 * COUNT, seconds=120)
        # And nobody was sent home, neither while it was away nor when it was back
        assert [history.values() for history in histories] == [[WORKERS], [WORKERS]]
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


def time_of(found: Json) -> datetime:
    """Since when a condition has had its status."""
    return datetime.fromisoformat(found["lastTransitionTime"])
