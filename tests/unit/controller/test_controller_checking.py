"""After a restart status vouches for what was declared, and each queue is checked once later."""

from typing import Any

import pytest

from unit.controller.rig import Rig
from workqueue_operator.controller.declaring import CHECK_AFTER_SECONDS, CHECKS_APART_SECONDS
from workqueue_operator.core.errors import BrokerUnreachableError, QueueMismatchError
from workqueue_operator.core.workqueue import ACCEPT_BROKER


def test_a_restart_declares_nothing_again_and_checks_each_queue_once_later(rig: Rig) -> None:
    # Given some WorkQueues that are done with
    for number in range(100):
        rig.apply(name=f"mail-{number}", uid=f"mail-{number}")
    rig.run()
    rig.pass_seconds(45)
    rig.broker.ensured.clear()
    rig.cluster.asked.clear()
    # When another process takes over
    rig.start()
    rig.run()
    rig.settle()
    rig.pass_seconds(CHECK_AFTER_SECONDS - 1)
    # Then the broker is asked for nothing, and nothing is written
    assert rig.broker.ensured == []
    # And a little later each queue is looked at once, so many a second
    rig.pass_seconds(2)
    assert 0 < len(rig.broker.ensured) <= 2 / CHECKS_APART_SECONDS + 1
    rig.pass_seconds(10)
    assert sorted(rig.broker.ensured) == sorted(f"mail-{number}" for number in range(100))
    rig.pass_seconds(120)
    assert len(rig.broker.ensured) == 100
    assert rig.cluster.writes() == []


def test_a_queue_changed_while_no_operator_ran_is_found_by_the_check(rig: Rig) -> None:
    # Given a queue that somebody replaced by another kind while nobody looked
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.refusals["thumbnails"] = QueueMismatchError(
        "thumbnails", "x-queue-type", found="classic", wanted="quorum"
    )
    rig.start()
    rig.run()
    rig.settle()
    (given,) = rig.cluster.workqueues.values()
    assert rig.condition(given)["status"] == "True"
    # When its turn to be checked comes
    rig.broker.ensured.clear()
    rig.pass_seconds(CHECK_AFTER_SECONDS + 60, every=0.5)
    # Then it is told, and asked about now and then until it is mended
    assert rig.condition(given)["reason"] == "QueueMismatch"
    assert 2 <= len(rig.broker.ensured) <= 8
    rig.broker.refusals.clear()
    rig.pass_seconds(31)
    assert rig.condition(given)["status"] == "True"


def test_a_check_that_the_broker_does_not_answer_is_put_off(rig: Rig) -> None:
    # Given a broker that answers readings only
    rig.apply()
    rig.run()
    rig.settle()
    rig.broker.refusals["thumbnails"] = BrokerUnreachableError("rabbitmq:5672 hung up")
    rig.start()
    rig.run()
    rig.pass_seconds(CHECK_AFTER_SECONDS + 5)
    (given,) = rig.cluster.workqueues.values()
    assert rig.condition(given)["status"] == "True"
    # When it does, the queue is looked at
    rig.broker.ensured.clear()
    rig.broker.refusals.clear()
    rig.pass_seconds(CHECK_AFTER_SECONDS)
    assert rig.broker.ensured == ["thumbnails"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"queue": {"name": "another"}}, "its name was changed, with generation and all"),
        ({"conditions": []}, "status does not say that it is there"),
        ({"broker": {"address": "other:5672/"}}, "it was declared elsewhere"),
    ],
)
def test_what_status_does_not_vouch_for_is_declared_at_once(
    change: dict[str, Any], why: str, rig: Rig
) -> None:
    rig.apply()
    rig.run()
    rig.settle()
    (given,) = rig.cluster.workqueues.values()
    given["status"] |= change
    given["metadata"]["annotations"] = {ACCEPT_BROKER: "rabbitmq:5672/"}
    rig.broker.ensured.clear()
    rig.start()
    rig.run()
    rig.settle()
    assert rig.broker.ensured == ["thumbnails"], why


def test_a_spec_changed_while_no_operator_ran_is_declared_at_once(rig: Rig) -> None:
    given = rig.apply()
    rig.run()
    rig.settle()
    rig.broker.ensured.clear()
    rig.cluster.deaf = True
    rig.change(given, worker={"maxAttempts": 3})
    rig.cluster.deaf = False
    rig.start()
    rig.run()
    rig.settle()
    assert rig.broker.ensured == ["thumbnails"]
