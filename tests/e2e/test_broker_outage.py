"""The broker is away, for longer than every window: nobody is sent home, and nothing is lost."""

from collections.abc import Iterator

import pytest

from kit.kube import Kube, condition, wait_for
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas

WINDOW_SECONDS = 10
AWAY_SECONDS = 3 * WINDOW_SECONDS + 5
COUNT = 40
WORKERS = 3
NAMES = ("plain", "managed")


class BrokerPod:
    """The broker's StatefulSet."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    def kill(self) -> None:
        """End it at once, and keep it away."""
        self.kube.patch("StatefulSet", "rabbitmq", {"spec": {"replicas": 0}}, "scale")
        self.kube.delete("Pod", "rabbitmq-0", grace_seconds=0)

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
    scaling = {
        "maxWorkers": WORKERS,
        "scaleDown": {"stabilizationSeconds": WINDOW_SECONDS},
    }
    address = f"http://{story.broker.pod_host}:15672"
    story.apply("plain", {"scaling": scaling})
    story.apply("managed", {"scaling": scaling, "broker": {"managementUri": address}})
    for number, name in enumerate(NAMES):
        story.wait_ready(name)
        story.publish(name, name, tasks(COUNT, seconds=2, first=number * COUNT))
        story.wait_replicas(name, WORKERS)
    story.wait_completed(10, seconds=60)
    with Replicas(story.kube, "plain") as plain, Replicas(story.kube, "managed") as managed:
        # When the broker is killed, and stays away for more than three windows
        held = story.ledger.read().in_work()
        broker_pod.kill()
        # Then status says since when, and why
        for name in NAMES:
            story.wait_not_ready(name, "BrokerUnreachable")
        # And a WorkQueue that comes now is told so, too
        story.apply("newcomer")
        story.wait_not_ready("newcomer", "BrokerUnreachable")
        story.stay(AWAY_SECONDS)
        for name in NAMES:
            found = condition(story.kube.need("WorkQueue", name))
            assert found["reason"] == "BrokerUnreachable"
            assert f"{WORKERS} workers are held" in found["message"]
        assert plain.values() == [WORKERS]
        assert managed.values() == [WORKERS]
        # And the work goes on by itself afterwards
        broker_pod.bring_back()
        story.wait_ready("newcomer", "Idle", seconds=60)
        assert story.broker.queue("newcomer") is not None
        story.wait_completed(2 * COUNT, seconds=120)
    # And none is lost; only what was in work may have been started twice
    assert story.ledger.read().lost(range(2 * COUNT)) == []
    assert len(story.ledger.repeated()) <= len(held) + 2 * WORKERS
    assert len(story.ledger.started_twice()) <= 2 * WORKERS
