"""The task of RabbitMQ's work queue tutorial: one second of work per dot in the body."""

from __future__ import annotations

from workqueue_worker.task import Retry, Task


def work(task: Task) -> None:
    """`Hello...` takes three seconds. Gives up early where the result would be discarded."""
    for _ in range(task.text().count(".")):
        if task.wait_for_stop(1.0):
            raise Retry("the broker has the task back, somebody else works on it")
