"""The loop itself: threads that take steps, what they start from, and how they end."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from unit.controller.fake_clock import FakeClock
from unit.controller.rig import LET_GO_SECONDS, Rig
from unit.core.builders import body
from workqueue_operator.controller.assembly import World, assemble
from workqueue_operator.controller.loop import AFTER_BUG_SECONDS, STOP_SECONDS, Controller


class RealClock(FakeClock):
    """Time as it is."""

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()


def threaded(rig: Rig, threads: int = 8) -> Controller:
    """A controller with threads of its own over the stage's world."""
    world = World(
        cluster=rig.cluster,
        topology=rig.broker,
        monitors=rig.broker,
        rates=rig.broker,
        holders=rig.broker,
        upkeep=rig.broker.upkeep,
        clock=rig.clock,
        telemetry=rig.telemetry,
        let_go_seconds=LET_GO_SECONDS,
    )
    controller = assemble(world, threads=threads)
    rig.broker.sink = controller.observe
    rig.cluster.changed = controller.registry.learn
    rig.cluster.gone = controller.registry.forget
    rig.cluster.deployment_changed = controller.observe_deployment
    return controller


def errors(rig: Rig, reason: str) -> float:
    name = "workqueue_reconcile_errors_total"
    return rig.telemetry.registry.get_sample_value(name, {"reason": reason}) or 0.0


def test_a_deployment_that_was_listed_before_its_workqueue_is_known(rig: Rig) -> None:
    # Given a Deployment that the watch told of first
    stage = Rig()
    stage.apply()
    stage.run()
    stage.settle()
    stage.broker.queue().ready = 50
    stage.sweep()
    live = stage.deployment()
    rig.controller.observe_deployment("uid-1", replace(live, replicas=3))
    rig.controller.observe_deployment("uid-1", live)
    # When its WorkQueue comes
    rig.apply()
    rig.run()
    # Then nothing of it is asked for again
    assert rig.state().deployment == live
    assert rig.controller.states._early == {}
    assert "get_deployment" not in rig.cluster.asked


def test_a_deployment_that_goes_before_its_workqueue_is_known_leaves_nothing(rig: Rig) -> None:
    stage = Rig()
    stage.apply()
    stage.run()
    stage.settle()
    rig.controller.observe_deployment("uid-1", stage.deployment())
    rig.controller.observe_deployment("uid-1", None)
    assert rig.controller.states._early == {}


def test_all_are_decided_for_once_each_has_a_decision_or_a_trouble(rig: Rig) -> None:
    # Given one that works, one without a Secret, and one that nobody can read
    rig.apply(name="mail", uid="mail")
    rig.apply({"broker": {"secretName": "nowhere"}}, name="news", uid="news")
    rig.cluster.put(body({"scaling": {"minWorkers": 60}}, name="odd", uid="odd"))
    assert not rig.controller.decided_for_all()
    rig.run()
    assert not rig.controller.decided_for_all(), "the broker has said nothing yet"
    rig.settle()
    assert rig.controller.decided_for_all()


def test_a_bug_in_a_step_is_logged_counted_and_tried_again_later(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a step that ends in something unexpected
    rig.apply()
    rig.cluster.failures["read_secret"] = ZeroDivisionError("a bug")
    rig.run()
    assert errors(rig, "Bug") == 1
    assert "uid-1: a bug, please report it" in caplog.text
    assert rig.pending.left() == {"uid-1": AFTER_BUG_SECONDS}
    # Then the others go on, and this one when its time has come
    rig.apply(name="other", uid="uid-2")
    rig.cluster.failures.clear()
    rig.pass_seconds(AFTER_BUG_SECONDS + 1)
    rig.settle()
    assert rig.broker.has("thumbnails")
    assert rig.broker.has("other")


def test_stopping_ends_every_thread_soon_and_lets_a_step_end_whole(rig: Rig) -> None:
    # Given a step in the middle of its writes
    rig.clock = RealClock()
    controller = threaded(rig)
    rig.broker.slow = threading.Event()
    controller.start()
    rig.apply()
    wait_for(lambda: bool(rig.broker.watched))
    rig.broker.sweep()
    wait_for(lambda: bool(rig.broker.ensured))
    # When the operator is told to stop, and the broker answers a little later
    threading.Timer(0.2, rig.broker.slow.set).start()
    began = time.monotonic()
    controller.stop()
    # Then the step was taken to its end, in good time
    assert time.monotonic() - began < STOP_SECONDS
    assert not controller.alive()
    assert rig.cluster.reasons() == ["QueueDeclared"]


def test_a_step_that_hangs_does_not_hold_the_stop(rig: Rig) -> None:
    rig.clock = RealClock()
    controller = threaded(rig)
    rig.broker.slow = threading.Event()
    controller.start()
    rig.apply()
    wait_for(lambda: bool(rig.broker.watched))
    rig.broker.sweep()
    wait_for(lambda: bool(rig.broker.ensured))
    began = time.monotonic()
    controller.stop()
    took = time.monotonic() - began
    rig.broker.slow.set()
    assert took < STOP_SECONDS + 0.5


def test_many_threads_at_once_come_to_the_right_end(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    # Given forty WorkQueues, eight threads of steps, and two that read
    caplog.set_level(logging.ERROR)
    rig.clock = rig.cluster.clock = rig.broker.clock = RealClock()
    controller = threaded(rig)
    controller.start()
    names = [f"mail-{number}" for number in range(40)]
    given = {name: rig.apply(name=name, uid=name) for name in names}
    over = threading.Event()
    readers = [threading.Thread(target=read, args=(rig, over)) for _ in range(2)]
    for reader in readers:
        reader.start()
    # When backlogs grow, objects change, and some are deleted and come back, all at once
    make_trouble(rig, given)

    # Then each has what its backlog asks for, and nothing unexpected has happened
    def right(name: str) -> bool:
        live = rig.cluster.deployments.get(("shop", name))
        return live is not None and live.replicas == -(-rig.broker.queue(name).ready // 10)

    try:
        wait_for(lambda: all(right(name) for name in names))
    finally:
        over.set()
        for reader in readers:
            reader.join(5)
        controller.stop()
    assert errors(rig, "Bug") == 0
    assert caplog.records == []
    assert set(controller.states.by_uid) == {each["metadata"]["uid"] for each in given.values()}


def make_trouble(rig: Rig, given: dict[str, dict[str, Any]]) -> None:
    dice = random.Random(4)  # noqa: S311 - the same story each time
    for turn in range(150):
        name = dice.choice(list(given))
        rig.broker.queue(name).ready += dice.randrange(40)
        if turn % 10 == 0:
            rig.change(given[name], scaling={"maxWorkers": 60 + turn})
        if turn % 25 == 0:
            rig.cluster.delete_workqueue(given[name])
            given[name] = rig.apply(name=name, uid=f"{name}-{turn}")
        time.sleep(0.002)


def read(rig: Rig, over: threading.Event) -> None:
    while not over.wait(0.005):
        rig.broker.sweep()


def wait_for(what: Callable[[], bool], seconds: float = 8.0) -> None:
    """Until it is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it has not come true in time"
        time.sleep(0.005)
