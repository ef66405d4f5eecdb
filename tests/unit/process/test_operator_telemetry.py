"""Metrics: well named, nothing of what is gone, and unknown is never zero."""

import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from unit.controller.rig import Rig
from workqueue_operator.controller.samples import samples
from workqueue_operator.telemetry import Telemetry

OURS = re.compile(r"workqueue(_[a-z]+)+")
ABBREVIATED = re.compile(r"_(s|ms|sec|secs|b|kb|mb)(_|$)")


@pytest.fixture
def rig() -> Rig:
    """With the telemetry of its controller, as the operator connects them."""
    stage = Rig()
    connect(stage)
    return stage


def connect(rig: Rig) -> None:
    controller = rig.controller
    rig.telemetry.samples = lambda: samples(
        tuple(controller.states.by_uid.values()), now=rig.clock.seconds
    )
    rig.telemetry.brokers = controller.stepper.queueing.watches.addresses


def at_work(rig: Rig) -> dict[str, object]:
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.broker.queue().ready, rig.broker.queue().unacked = 45, 5
    rig.sweep()
    rig.pods_start()
    rig.broker.queue().consumers = 5
    rig.settle()
    swept(rig.telemetry, "rabbitmq:5672/")
    return given


def swept(telemetry: Telemetry, address: str, outcome: str = "ok") -> None:
    telemetry.swept(address=address, duration_seconds=0.01, queues=3, outcome=outcome)


def text(rig: Rig) -> str:
    return generate_latest(rig.telemetry.registry).decode()


def value(rig: Rig, metric: str, /, **labels: str) -> float | None:
    return rig.telemetry.registry.get_sample_value(metric, labels)


WHO = {"namespace": "shop", "name": "thumbnails"}


def test_one_workqueue_in_numbers(rig: Rig) -> None:
    at_work(rig)
    assert value(rig, "workqueue_messages", **WHO, state="ready") == 45
    assert value(rig, "workqueue_messages", **WHO, state="unacked") == 5
    assert value(rig, "workqueue_consumers", **WHO) == 5
    assert value(rig, "workqueue_workers", **WHO, state="desired") == 5
    assert value(rig, "workqueue_workers", **WHO, state="ready") == 5
    assert value(rig, "workqueue_workers", **WHO, state="busy") == 5
    assert value(rig, "workqueue_scale_min", **WHO) == 0
    assert value(rig, "workqueue_scale_max", **WHO) == 50
    assert value(rig, "workqueue_condition", **WHO, type="Ready") == 1
    up = {"direction": "up", "reason": "BacklogGrew"}
    assert value(rig, "workqueue_scale_events_total", **WHO, **up) == 1


def test_unknown_is_left_out_and_never_zero(rig: Rig) -> None:
    at_work(rig)
    rig.broker.go_down()
    rig.settle()
    assert value(rig, "workqueue_messages", **WHO, state="ready") is None
    assert value(rig, "workqueue_consumers", **WHO) is None
    assert value(rig, "workqueue_workers", **WHO, state="busy") is None
    assert value(rig, "workqueue_workers", **WHO, state="desired") == 5
    assert value(rig, "workqueue_condition", **WHO, type="Ready") == 0


def test_dead_letters_are_shown_once_they_are_counted(rig: Rig) -> None:
    rig.apply()
    rig.run()
    assert value(rig, "workqueue_dead_letters", **WHO) is None
    rig.broker.queue("thumbnails.dead").ready = 3
    rig.settle()
    assert value(rig, "workqueue_dead_letters", **WHO) == 3
    assert value(rig, "workqueue_condition", **WHO, type="DeadLetters") == 1


def test_nothing_is_left_of_what_is_deleted(rig: Rig) -> None:
    # Given a WorkQueue that has been scaled
    given = at_work(rig)
    assert 'name="thumbnails"' in text(rig)
    assert 'broker="rabbitmq:5672/"' in text(rig)
    # When it is deleted, and with it the last queue of its broker
    rig.cluster.delete_workqueue(given)
    rig.run()
    # Then no series of it is left, and none of the broker
    assert "thumbnails" not in text(rig)
    assert "rabbitmq:5672" not in text(rig)
    # And a sweep that was under way then leaves none either
    swept(rig.telemetry, "rabbitmq:5672/")
    assert "rabbitmq:5672" not in text(rig)


def test_one_that_comes_back_counts_anew(rig: Rig) -> None:
    given = at_work(rig)
    rig.cluster.delete_workqueue(given)
    rig.run()
    rig.broker.queue().ready = 0
    rig.apply(uid="uid-2")
    rig.run()
    rig.settle()
    assert value(rig, "workqueue_workers", **WHO, state="desired") == 0
    assert "workqueue_scale_events_total{" not in text(rig)


def test_a_broker_is_up_when_its_last_sweep_was_answered(rig: Rig) -> None:
    at_work(rig)
    assert value(rig, "workqueue_broker_up", broker="rabbitmq:5672/") == 1
    assert value(rig, "workqueue_sweep_queues", broker="rabbitmq:5672/") == 3
    swept(rig.telemetry, "rabbitmq:5672/", "BrokerUnreachable")
    assert value(rig, "workqueue_broker_up", broker="rabbitmq:5672/") == 0


def test_the_names_are_as_prometheus_wants_them(rig: Rig) -> None:
    at_work(rig)
    rig.telemetry.step_failed("Bug")
    rig.telemetry.lagged(0.1)
    families = list(text_string_to_metric_families(text(rig)))
    assert len(families) > 10
    for family in families:
        ours = OURS.fullmatch(family.name)
        assert ours or family.name.startswith("process_"), family.name
        assert not ABBREVIATED.search(family.name), family.name
        assert family.documentation.strip(), family.name
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert {name for name in names if not name.endswith("_created")} <= {
                f"{family.name}_total"
            }
        if family.type == "gauge":
            assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))


def test_no_series_is_there_twice(rig: Rig) -> None:
    for number in range(3):
        rig.apply(name=f"mail-{number}", uid=f"mail-{number}")
    at_work(rig)
    lines = [line.rsplit(" ", 1)[0] for line in text(rig).splitlines() if line[:1] != "#"]
    assert len(lines) == len(set(lines))


def test_before_the_controller_exists_there_is_something_to_scrape() -> None:
    telemetry = Telemetry()
    swept(telemetry, "rabbitmq:5672/")
    assert b"workqueue_build_info" in generate_latest(telemetry.registry)
