"""What runs a task: a function of the image, or a program of it."""

from __future__ import annotations

from typing import ClassVar, Protocol

from workqueue_worker.outcome import Outcome
from workqueue_worker.settings import CommandHandler, PythonHandler, Settings
from workqueue_worker.task import Task


class Handler(Protocol):
    """Runs one task at a time, in a thread that is not the connection's.

    `ends_itself` promises that `run` returns soon after the hard limit, whatever the task does.
    """

    kind: ClassVar[str]
    ends_itself: ClassVar[bool]

    def run(self, task: Task) -> Outcome:
        """Work on the task. Never raises on account of it."""
        ...


def load(settings: Settings) -> Handler:
    """Make the handler ready to run.

    Raises:
        SettingsError: there is no such function or program in this image.
    """
    match settings.handler:
        case PythonHandler(target):
            from workqueue_worker.handlers import function  # noqa: PLC0415 - one of two is needed

            return function.load(target)
        case CommandHandler(argv):
            from workqueue_worker.handlers import command  # noqa: PLC0415 - as above

            return command.load(argv, limit_seconds=settings.task_timeout_seconds)
