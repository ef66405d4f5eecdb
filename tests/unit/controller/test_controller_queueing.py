"""Whose queue it is, where it is, and that it is there."""

import threading
from typing import Any

from unit.controller.fake_broker import secret
from unit.controller.rig import Rig
from workqueue_operator.controller.slots import AT_ONCE
from workqueue_operator.core.errors import ApiError, BrokerUnreachableError
from workqueue_operator.core.workqueue import ACCEPT_BROKER

SECRET = ("shop", "rabbitmq")
OTHER = "other:5672/"


def settled(rig: Rig, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    given = rig.apply(spec, **metadata)
    rig.run()
    rig.settle()
    return given


def test_the_broker_is_asked_to_declare_only_after_it_has_answered(rig: Rig) -> None:
    # Given a broker that is away
    rig.broker.go_down()
    given = settled(rig)
    rig.pass_seconds(120)
    # Then nobody has tried to declare anything, and status says why
    assert rig.broker.ensured == []
    assert rig.condition(given)["reason"] == "BrokerUnreachable"
    # When it is back, the queue is declared, and that is told once
    rig.broker.down = None
    rig.settle()
    assert rig.broker.has("thumbnails")
    assert rig.cluster.reasons() == ["BrokerUnreachable", "QueueDeclared", "Recovered"]


def test_a_queue_deleted_by_hand_is_declared_again_and_the_loss_is_told(rig: Rig) -> None:
    settled(rig)
    del rig.broker.queues["rabbitmq:5672/", "thumbnails"]
    rig.settle()
    assert rig.broker.has("thumbnails")
    assert rig.cluster.events[-1]["type"] == "Warning"
    assert rig.cluster.reasons()[-1] == "QueueRecreated"


def test_a_queue_deleted_while_the_operator_was_down_is_told_as_such(rig: Rig) -> None:
    settled(rig)
    del rig.broker.queues["rabbitmq:5672/", "thumbnails"]
    rig.start()
    rig.run()
    rig.settle()
    assert rig.cluster.reasons()[-1] == "QueueRecreated"


def test_a_queue_that_was_there_is_used_without_a_word(rig: Rig) -> None:
    rig.broker.queue()
    settled(rig)
    assert rig.cluster.reasons() == []


def test_a_secret_that_names_another_broker_holds_the_workers(rig: Rig) -> None:
    # Given workers at one broker
    given = settled(rig)
    rig.broker.queue().ready = 50
    rig.settle()
    rig.pods_start()
    # When the Secret names another, within a minute nothing is read any more
    rig.cluster.secrets[SECRET] = secret(host="other")
    rig.pass_seconds(70)
    rig.broker.queue().ready = 0
    rig.pass_seconds(300)
    # Then all workers are held, the other broker is left alone, and both addresses are told
    assert rig.deployment().replicas == 5
    assert not rig.broker.has("thumbnails", OTHER)
    ready = rig.condition(given)
    assert ready["reason"] == "BrokerChanged"
    assert "rabbitmq:5672/" in ready["message"]
    assert OTHER in ready["message"]
    assert rig.broker.watched == {}
    # When the user accepts it, the queue is declared there, as a new one
    given["metadata"]["annotations"] = {ACCEPT_BROKER: OTHER}
    rig.cluster.touch(given)
    rig.run()
    rig.settle()
    assert rig.broker.has("thumbnails", OTHER)
    assert "QueueRecreated" not in rig.cluster.reasons()
    assert given["status"]["broker"]["address"] == OTHER
    assert rig.condition(given)["status"] == "True"


def test_the_old_address_put_back_is_taken_at_once(rig: Rig) -> None:
    given = settled(rig)
    rig.cluster.secrets[SECRET] = secret(host="other")
    rig.pass_seconds(70)
    assert rig.condition(given)["reason"] == "BrokerChanged"
    rig.cluster.secrets[SECRET] = secret()
    rig.pass_seconds(35)
    assert rig.condition(given)["status"] == "True"


def test_a_wrong_password_is_looked_for_until_it_is_mended(rig: Rig) -> None:
    # Given a WorkQueue that has worked, and a password that is refused now
    given = settled(rig)
    rig.broker.wrong_passwords.add("right")
    rig.pass_seconds(70)
    assert rig.condition(given)["reason"] == "AuthenticationFailed"
    # When it is mended, that is noticed within some seconds
    rig.cluster.secrets[SECRET] = secret(password="newer")
    rig.pass_seconds(10)
    assert rig.condition(given)["status"] == "True"


def test_a_missing_secret_is_told_once_and_found_when_it_is_made(rig: Rig) -> None:
    data = rig.cluster.secrets.pop(SECRET)
    given = settled(rig)
    rig.pass_seconds(120)
    assert rig.condition(given)["reason"] == "SecretMissing"
    assert rig.cluster.reasons() == ["SecretMissing"]
    assert rig.cluster.asked.count("read_secret") <= 26
    rig.cluster.secrets[SECRET] = data
    rig.pass_seconds(31)
    assert rig.condition(given)["status"] == "True"


def test_the_younger_of_two_does_nothing_until_the_elder_is_gone(rig: Rig) -> None:
    # Given two WorkQueues for one queue
    old = settled(rig, name="thumbnails", uid="old")
    rig.clock.seconds += 60
    young = settled(rig, {"queue": {"name": "thumbnails"}}, name="young", uid="young")
    rig.broker.queue().ready = 50
    rig.settle()
    # Then the younger is told whose it is, and has no workers
    assert rig.condition(young)["reason"] == "QueueConflict"
    assert "shop/thumbnails" in rig.condition(young)["message"]
    assert ("shop", "young") not in rig.cluster.deployments
    # When the elder goes, the younger has it at once
    rig.cluster.delete_workqueue(old)
    rig.run()
    rig.settle()
    assert rig.condition(young)["status"] == "True"
    assert rig.deployment(("shop", "young")).replicas == 5


def test_dead_letters_are_claimed_too(rig: Rig) -> None:
    settled(rig, name="thumbnails", uid="old")
    rig.clock.seconds += 60
    young = settled(rig, {"queue": {"name": "thumbnails.dead"}}, name="young", uid="young")
    assert rig.condition(young)["reason"] == "QueueConflict"


def test_the_elder_keeps_its_queue_while_its_secret_is_away(rig: Rig) -> None:
    # Given an elder that has declared its queue, and a restart without its Secret
    settled(rig, name="thumbnails", uid="old")
    data = rig.cluster.secrets.pop(SECRET)
    rig.cluster.secrets["shop", "another"] = data
    rig.clock.seconds += 60
    rig.start()
    rig.run()
    # When a younger one asks for the same queue, with a Secret that works
    spec = {"queue": {"name": "thumbnails"}, "broker": {"secretName": "another"}}
    young = settled(rig, spec, name="young", uid="young")
    # Then it does not get it
    assert rig.condition(young)["reason"] == "QueueConflict"


def test_an_api_server_that_hides_a_secret_for_once_stops_nobody(rig: Rig) -> None:
    given = settled(rig)
    rig.cluster.failures["read_secret"] = ApiError(500, "etcd is slow")
    rig.pass_seconds(70)
    rig.broker.queue().ready = 50
    rig.sweep()
    assert rig.deployment().replicas == 5
    assert rig.condition(given)["status"] == "True"


def test_a_slow_broker_takes_some_threads_only_and_calls_the_others(rig: Rig) -> None:
    # Given a broker that does not answer declarations, and many queues on it
    rig.broker.slow = threading.Event()
    for number in range(12):
        rig.apply(name=f"mail-{number}", uid=f"mail-{number}")
    rig.run()
    rig.broker.sweep()
    # When eight threads take the steps
    threads = [threading.Thread(target=rig.controller._run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.2)
    # Then some hang, and the others are free for other brokers
    assert sum(thread.is_alive() for thread in threads) == AT_ONCE
    # And when it answers again, those that waited are called without a pause
    rig.broker.slow.set()
    for thread in threads:
        thread.join(5)
    rig.run()
    assert all(rig.broker.has(f"mail-{number}") for number in range(12))
    # And nobody was told that a queue is missing which nobody had the time to declare
    assert set(rig.cluster.reasons()) == {"QueueDeclared"}
    assert rig.cluster.asked.count("get_deployment") <= 12


def test_a_broker_that_fails_while_declaring_is_told_and_asked_again(rig: Rig) -> None:
    rig.broker.refusals["thumbnails"] = BrokerUnreachableError("rabbitmq:5672 hung up")
    given = settled(rig)
    assert rig.condition(given)["reason"] == "BrokerUnreachable"
    del rig.broker.refusals["thumbnails"]
    rig.pass_seconds(5)
    assert rig.condition(given)["status"] == "True"
