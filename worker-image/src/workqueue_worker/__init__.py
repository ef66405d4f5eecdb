"""The worker of a WorkQueue: takes a task, runs your handler, and only then acknowledges.

A handler is a function that takes a `Task`; see `task.py` for what it may return or raise.

An image with `handler: {own: {}}` brings its own consumer and runs nothing of this package. It
finds WORKQUEUE_QUEUE, WORKQUEUE_VHOST, WORKQUEUE_DEAD_LETTER_QUEUE, WORKQUEUE_PREFETCH and
WORKQUEUE_BROKER_DIR (the files `host`, `port`, `username`, `password`, or one `uri`) in its
environment, and keeps the promises of the README by itself.
"""

from workqueue_worker.task import DeadLetter, Release, Retry, Task

__all__ = ["DeadLetter", "Release", "Retry", "Task"]
