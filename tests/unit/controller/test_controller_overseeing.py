"""Consumers of the image's own are looked at once a minute, and named where they take too much."""

from typing import Any

from unit.controller.rig import Rig
from workqueue_operator.core.consumers import Consumer
from workqueue_operator.core.upkeep import ManagementError

OWN = {
    "broker": {"managementUri": "http://rabbitmq:15672"},
    "scaling": {"minWorkers": 1},
}
HANDLER: dict[str, Any] = {"own": {}}
ORDER = "ConsumersInOrder"


def consumer(prefetch: int) -> Consumer:
    return Consumer(tag="ctag1.0", peer="10.88.0.9", prefetch=prefetch, acknowledges=True)


def with_workers(rig: Rig, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    given = rig.apply({**OWN, **(spec or {})})
    given["spec"]["worker"]["handler"] = HANDLER
    rig.cluster.touch(given)
    rig.run()
    rig.settle()
    rig.pods_start()
    return given


def test_one_that_takes_too_much_is_named_until_it_does_not(rig: Rig) -> None:
    # Given a consumer without a limit
    given = with_workers(rig)
    rig.broker.upkeep.consuming["thumbnails"] = [consumer(0)]
    rig.pass_seconds(15)
    said = rig.condition(given, ORDER)
    assert (said["status"], said["reason"]) == ("False", "TakesTooMany")
    assert "'ctag1.0' at 10.88.0.9" in said["message"]
    # When it has one, that is seen within some more than a minute
    rig.broker.upkeep.consuming["thumbnails"] = [consumer(1)]
    rig.pass_seconds(65)
    assert rig.condition(given, ORDER)["status"] == "True"
    # And nobody is asked more often than that
    before = rig.broker.upkeep.asked.count("consumers")
    rig.pass_seconds(600)
    assert 8 <= rig.broker.upkeep.asked.count("consumers") - before <= 10


def test_what_is_not_told_is_unknown(rig: Rig) -> None:
    rig.broker.upkeep.hidden = ManagementError(401, "Not management user")
    given = with_workers(rig)
    rig.pass_seconds(15)
    said = rig.condition(given, ORDER)
    assert (said["status"], said["reason"]) == ("Unknown", "ConsumersNotShown")


def test_without_a_management_address_nobody_is_asked(rig: Rig) -> None:
    given = with_workers(rig, {"broker": {}})
    rig.pass_seconds(15)
    assert rig.condition(given, ORDER)["status"] == "Unknown"
    assert "consumers" not in rig.broker.upkeep.asked


def test_nobody_asks_about_the_runtime_and_what_was_said_before_it_is_over(rig: Rig) -> None:
    # Given a consumer that took too much
    given = with_workers(rig)
    rig.broker.upkeep.consuming["thumbnails"] = [consumer(0)]
    rig.pass_seconds(15)
    assert rig.condition(given, ORDER)["status"] == "False"
    # When the image is one of ours
    given["spec"]["worker"]["handler"] = {"command": ["python", "resize.py"]}
    given["metadata"]["generation"] += 1
    rig.cluster.touch(given)
    asked = rig.broker.upkeep.asked.count("consumers")
    rig.run()
    rig.pass_seconds(130)
    # Then that is over, and nobody is asked any more
    assert rig.condition(given, ORDER)["status"] == "True"
    assert rig.broker.upkeep.asked.count("consumers") == asked


def test_without_workers_nobody_is_asked(rig: Rig) -> None:
    given = rig.apply(OWN | {"scaling": {"minWorkers": 0}})
    given["spec"]["worker"]["handler"] = HANDLER
    rig.cluster.touch(given)
    rig.run()
    rig.pass_seconds(130)
    assert "consumers" not in rig.broker.upkeep.asked
