"""Tasks that go round and round: workers are asked where tasks wait, and growth stops."""

from typing import Any

import pytest

from unit.controller.rig import KEY, Rig
from unit.controller.workers import with_workers
from workqueue_operator.controller.storms import (
    ASKED_AT_MOST,
    EVERY_SECONDS,
    FORGOTTEN_SECONDS,
    WATCHED_SECONDS,
)
from workqueue_operator.core.errors import ApiError
from workqueue_operator.ports import BusyAnswer

SEEN_WITHIN_SECONDS = 2 * EVERY_SECONDS + 5


def deliver(rig: Rig, deliveries: int, redelivered: int) -> None:
    """Every worker has got so many tasks by now, some of which had been held before."""
    for each in rig.cluster.pods[KEY]:
        told = (deliveries, redelivered)
        rig.cluster.busy[each.name] = BusyAnswer(busy=1, draining=False, delivered=told)


def grown(rig: Rig, spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """Five workers, who have just become ten."""
    given = with_workers(rig)
    rig.change(given, **(spec or {}))
    rig.broker.queue().ready = 100
    rig.sweep()
    rig.pods_start()
    rig.broker.queue().consumers = 10
    rig.sweep()
    assert rig.deployment().replicas == 10
    return given


def a_storm(rig: Rig) -> dict[str, Any]:
    """Ten workers, to whom little is delivered but what came before."""
    given = grown(rig)
    deliver(rig, 100, 0)
    rig.pass_seconds(EVERY_SECONDS + 2)
    deliver(rig, 200, 90)
    rig.pass_seconds(EVERY_SECONDS)
    return given


def test_most_come_back_then_no_more_workers_come_and_it_is_told_why(rig: Rig) -> None:
    # Given a storm
    given = a_storm(rig)
    degraded = rig.condition(given, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "RedeliveryStorm")
    assert "450 of the last 500 deliveries" in degraded["message"]
    # When more tasks arrive
    rig.broker.queue().ready = 500
    rig.pass_seconds(5)
    # Then nobody more works on them
    assert rig.deployment().replicas == 10
    assert rig.condition(given, "ScalingLimited")["reason"] == "RedeliveryStorm"
    # And when tasks are finished again, all that are needed come
    deliver(rig, 300, 95)
    rig.pass_seconds(SEEN_WITHIN_SECONDS)
    assert rig.deployment().replicas == 50
    assert rig.condition(given, "Degraded")["status"] == "False"
    assert rig.cluster.reasons().count("RedeliveryStorm") == 1


def test_what_came_before_the_first_look_is_no_news(rig: Rig) -> None:
    given = grown(rig)
    deliver(rig, 100, 100)
    rig.pass_seconds(SEEN_WITHIN_SECONDS)

    assert rig.condition(given, "Degraded")["status"] == "False"


def test_while_the_number_stays_nobody_is_asked(rig: Rig) -> None:
    grown(rig)
    rig.pass_seconds(WATCHED_SECONDS)
    rig.cluster.asked.clear()
    rig.pass_seconds(3 * EVERY_SECONDS)

    assert "list_pods" not in rig.cluster.asked


def test_a_few_are_asked_and_the_same_again(rig: Rig) -> None:
    grown(rig)
    deliver(rig, 100, 0)
    rig.pass_seconds(EVERY_SECONDS + 2)
    seen = rig.state().deliveries
    assert seen is not None
    first = set(seen.told)
    rig.pass_seconds(EVERY_SECONDS)

    assert len(first) == ASKED_AT_MOST
    assert set(seen.told) == first


@pytest.mark.parametrize("answers", ["none", "old"])
def test_workers_that_do_not_say_it_are_no_storm(rig: Rig, answers: str) -> None:
    given = grown(rig)
    if answers == "old":
        rig.work(5)
    rig.pass_seconds(SEEN_WITHIN_SECONDS)

    assert rig.condition(given, "Degraded")["status"] == "False"


def test_while_the_pods_cannot_be_listed_what_was_known_stays(rig: Rig) -> None:
    given = a_storm(rig)
    rig.cluster.failures["list_pods"] = ApiError(503, "the API server is busy")
    rig.pass_seconds(EVERY_SECONDS)

    assert rig.condition(given, "Degraded")["reason"] == "RedeliveryStorm"


def test_workers_that_do_not_answer_end_no_storm_and_none_lasts_for_ever(rig: Rig) -> None:
    # Given a storm, and a network that lets no answer through
    given = a_storm(rig)
    rig.cluster.busy.clear()
    # When they are asked once more
    rig.pass_seconds(EVERY_SECONDS + 2)
    # Then nobody knows that it is over
    assert rig.condition(given, "Degraded")["reason"] == "RedeliveryStorm"
    # And when nobody has known for long, growth is worth a try
    rig.pass_seconds(FORGOTTEN_SECONDS + EVERY_SECONDS)
    assert rig.condition(given, "Degraded")["status"] == "False"
    rig.broker.queue().ready = 500
    rig.pass_seconds(5)
    assert rig.deployment().replicas == 50


def test_where_the_image_brings_its_own_consumer_the_broker_is_asked(rig: Rig) -> None:
    given = grown(rig, {"worker": {"handler": {"own": {}}}})
    rig.broker.deliveries["thumbnails"] = (50, 40)
    rig.pass_seconds(EVERY_SECONDS + 2)

    assert "40 of the last 50 deliveries" in rig.condition(given, "Degraded")["message"]
    # And when the broker does not say, what was known stays
    del rig.broker.deliveries["thumbnails"]
    rig.pass_seconds(EVERY_SECONDS)
    assert rig.condition(given, "Degraded")["reason"] == "RedeliveryStorm"


def test_a_restart_of_the_operator_forgets_no_storm(rig: Rig) -> None:
    # Given a storm that keeps more workers away
    given = a_storm(rig)
    rig.broker.queue().ready = 500
    rig.pass_seconds(5)
    # When another process takes over
    rig.start()
    rig.run()
    rig.pass_seconds(EVERY_SECONDS)
    # Then nobody more comes before it is known to be over
    assert rig.deployment().replicas == 10
    assert rig.condition(given, "Degraded")["reason"] == "RedeliveryStorm"
    for deliveries in (300, 400):
        deliver(rig, deliveries, 95)
        rig.pass_seconds(EVERY_SECONDS)
    rig.pass_seconds(5)
    assert rig.deployment().replicas == 50
