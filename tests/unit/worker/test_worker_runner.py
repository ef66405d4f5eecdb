"""What the runner makes of a handler's words before the broker hears them."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from unit.worker.house import House
from workqueue_worker import Task
from workqueue_worker.outcome import Ok, Outcome, Release, Retry


def test_given_a_worker_that_leaves_then_a_kill_from_outside_is_no_failure() -> None:
    begun, leave = threading.Event(), threading.Event()

    def work(_: Task) -> Outcome:
        begun.set()
        assert leave.wait(10)
        return Retry("killed by SIGTERM", killed=True)

    house = House(work=work)
    house.deliver(1)
    assert begun.wait(10)
    house.runner.leave()
    leave.set()
    house.settle_all(house.subscription)
    assert house.subscription.said == ["nack 1"]
    assert house.broker.published == []


def test_given_a_worker_that_leaves_then_a_task_that_still_comes_is_given_back_unbegun() -> None:
    house = House(work=lambda _: Ok())
    house.runner.leave()
    late = house.deliver(1)
    house.settle_all(house.subscription)
    assert house.subscription.said == []
    assert house.runner.take_back() == [late]
    assert house.runner.take_back() == []


def test_given_a_worker_that_stays_then_a_kill_from_outside_is_a_failure() -> None:
    house = House(work=lambda _: Retry("killed by SIGKILL", killed=True))
    house.deliver(1)
    house.settle_all(house.subscription)
    assert house.subscription.said == ["ack 1"]
    assert [queue for queue, _ in house.broker.published] == ["mail"]


def test_given_a_release_then_the_next_task_waits_a_little() -> None:
    begun = []

    def work(task: Task) -> Outcome:
        begun.append(time.monotonic())
        return Release("not here") if task.id == "task-1" else Ok()

    house = House(work=work)
    house.deliver(1)
    house.deliver(2)
    until = time.monotonic() + 30
    while len(house.subscription.said) < 2 and time.monotonic() < until:
        house.settle_all(house.subscription)
    assert house.subscription.said == ["nack 1", "ack 2"]
    assert begun[1] - begun[0] >= 0.25, "half of the first back-off is no chance"


def test_given_no_steps_then_a_wish_for_a_delay_is_answered_once_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(work=lambda _: Retry("busy", after_seconds=30))
    with caplog.at_level(logging.WARNING):
        for tag in (1, 2):
            house.deliver(tag)
            house.settle_all(house.subscription)
    told = [record for record in caplog.records if "retry.delaysSeconds" in record.getMessage()]
    assert len(told) == 1


def test_given_a_soft_limit_then_the_task_says_stop_from_then_on() -> None:
    seen = []

    def work(task: Task) -> Outcome:
        seen.append(task.stop_requested)
        seen.append(task.wait_for_stop(30))
        return Ok()

    house = House(limit_seconds=60, soft_limit_seconds=0.3, work=work)
    house.deliver(1)
    house.settle_all(house.subscription)
    assert seen == [False, True]
