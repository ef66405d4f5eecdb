"""Who consumes, as the management API of the real broker shows it."""

from dataclasses import replace
from typing import Any

import pytest

from kit.kube import wait_for
from kit.rabbit import Broker
from workqueue_operator.broker.upkeep import ManagementUpkeep
from workqueue_operator.core.access import Access
from workqueue_operator.core.consumers import Consumer, in_order
from workqueue_operator.core.upkeep import ManagementError


@pytest.fixture
def managed(broker: Broker, access: Access) -> Access:
    return replace(access, management_uri=broker.management_uri)


def shown(managed: Access, tag: str, channel: Any) -> Consumer:
    """The consumer of this tag, once the broker shows it."""

    def look() -> Consumer | None:
        channel.connection.process_data_events()
        found = ManagementUpkeep().consumers(managed, "a/b c%") or ()
        return next((each for each in found if each.tag == tag), None)

    return wait_for(f"consumer {tag}", look, seconds=30)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param((1, False), "InOrder", id="one that takes a task at a time"),
        pytest.param((0, False), "TakesTooMany", id="one that takes what there is"),
        pytest.param((7, False), "TakesTooMany", id="one that takes seven"),
        pytest.param((1, True), "AcknowledgedEarly", id="one that never acknowledges"),
    ],
)
def test_a_consumer_is_judged_by_what_the_broker_shows(
    how: tuple[int, bool], reason: str, broker: Broker, managed: Access, channel: Any
) -> None:
    prefetch, auto_ack = how
    broker.declare("a/b c%", x_queue_type="quorum")
    channel.basic_qos(prefetch_count=prefetch)
    channel.basic_consume("a/b c%", lambda *_: None, auto_ack=auto_ack, consumer_tag="theirs")
    found = shown(managed, "theirs", channel)
    assert found.prefetch == prefetch
    assert found.acknowledges is not auto_ack
    assert in_order([found], prefetch=1).reason == reason


def test_a_queue_without_consumers_shows_none(broker: Broker, managed: Access) -> None:
    broker.declare("mail")
    assert ManagementUpkeep().consumers(managed, "mail") is None
    assert ManagementUpkeep().consumers(managed, "no-such-queue") is None


def test_a_user_without_a_tag_is_told_nothing(broker: Broker, managed: Access) -> None:
    name = f"works-{broker.vhost}"
    broker.create_user(name, "w0rker-pass")
    stranger = replace(managed, username=name, password="w0rker-pass")
    with pytest.raises(ManagementError) as refused:
        ManagementUpkeep().consumers(stranger, "mail")
    assert refused.value.status == 401
    broker.delete_user(name)
