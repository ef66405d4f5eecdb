"""Arguments and policies through the management API of the real broker."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.broker.specs import queue
from kit.kube import wait_for
from kit.rabbit import Broker
from workqueue_operator.broker.topology import RabbitTopology
from workqueue_operator.broker.upkeep import ManagementUpkeep
from workqueue_operator.core.access import Access
from workqueue_operator.core.upkeep import (
    Action,
    ManagementError,
    drift,
    judge,
    policy_body,
    policy_name,
)

WANTED = {"max-length": 10, "message-ttl": 60_000, "consumer-timeout": 3_900_000}
NAMES = ["mail", "a/b c%+@.*", "grüße-Ж"]


@pytest.fixture
def managed(broker: Broker, access: Access) -> Access:
    return replace(access, management_uri=broker.management_uri)


@pytest.fixture
def stranger(broker: Broker, managed: Access) -> Iterator[Access]:
    """A user whom the management API lets look, and no more."""
    name = f"looks-{broker.vhost}"
    broker.create_user(name, "looks-only", tags="management")
    yield replace(managed, username=name, password="looks-only")
    broker.delete_user(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_in_force_for_one_queue_whatever_its_name(
    name: str, broker: Broker, topology: RabbitTopology, managed: Access
) -> None:
    upkeep, wanted = ManagementUpkeep(), replace(queue(), name=name)
    topology.ensure(managed, wanted)
    topology.ensure(managed, replace(queue("Classic"), name=f"{name}2"))
    action, _ = judge(wanted, WANTED, upkeep.policies(managed))
    assert action is Action.WRITE

    upkeep.write_policy(managed, policy_name(name), policy_body(name, WANTED))

    def in_force() -> bool:
        return (broker.queue(name) or {}).get("policy") == policy_name(name)

    wait_for("the policy to be in force", in_force, seconds=20)
    found = broker.queue(name)
    assert found is not None
    assert found["effective_policy_definition"] == WANTED
    assert not (broker.queue(f"{name}2") or {}).get("policy")
    # And it is known again, does not stand in the way of the next declaration, and can go
    assert judge(wanted, WANTED, upkeep.policies(managed))[0] is Action.NOTHING
    assert topology.ensure(managed, wanted) is False
    upkeep.remove_policy(managed, policy_name(name))
    upkeep.remove_policy(managed, policy_name(name))
    assert upkeep.policies(managed) == []


def test_what_the_broker_ignored_is_found(topology: RabbitTopology, managed: Access) -> None:
    topology.ensure(managed, queue("Classic"))
    # Given an argument that comes too late: the broker says yes, and does nothing
    late = replace(queue("Classic"), own_arguments={"x-consumer-timeout": 120_000})
    assert topology.ensure(managed, late) is False

    found = ManagementUpkeep().arguments(managed, "mail")

    assert found is not None
    assert drift(queue("Classic"), found).status is True
    assert "x-consumer-timeout" in drift(late, found).message
    assert ManagementUpkeep().arguments(managed, "nowhere") is None


def test_a_user_without_the_tag_is_refused(
    topology: RabbitTopology, managed: Access, stranger: Access
) -> None:
    topology.ensure(managed, queue())
    upkeep = ManagementUpkeep()
    assert upkeep.arguments(stranger, "mail") is not None
    assert upkeep.policies(stranger) == []
    with pytest.raises(ManagementError) as writing:
        upkeep.write_policy(stranger, policy_name("mail"), policy_body("mail", WANTED))
    assert writing.value.status == 401
    assert "looks-only" not in str(writing.value)


def test_words_that_the_broker_does_not_know_are_told(managed: Access) -> None:
    body = policy_body("mail", {"max-age-of-everything": 1})
    with pytest.raises(ManagementError, match="max-age-of-everything") as refused:
        ManagementUpkeep().write_policy(managed, policy_name("mail"), body)
    assert refused.value.status == 400
    with pytest.raises(ManagementError, match="cannot be reached"):
        ManagementUpkeep().policies(replace(managed, management_uri="http://127.0.0.1:9"))
