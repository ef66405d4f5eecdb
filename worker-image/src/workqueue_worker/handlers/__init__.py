"""What runs a task: a function or a program of the image, or a server beside it."""

# Of the bindings, only the one that is needed is imported.
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import ClassVar, Protocol

from workqueue_worker.outcome import Outcome
from workqueue_worker.settings import CommandHandler, HttpHandler, PythonHandler, Settings
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

    def ready(self) -> bool:
        """Whether to ask for tasks. Looked at before that, at every turn; must not block.

        Raises:
            SettingsError: it never will be.
        """
        return True

    def close(self) -> None:
        """Leave nothing behind."""
        return


def load(settings: Settings) -> Handler:
    """Make the handler ready to run.

    Raises:
        SettingsError: there is no such function or program in this image.
    """
    limit, soft = settings.task_timeout_seconds, settings.soft_timeout_seconds
    match settings.handler:
        case PythonHandler(target) if settings.isolated:
            from workqueue_worker.handlers import process

            return process.ProcessHandler(target, limit_seconds=limit)
        case PythonHandler(target):
            from workqueue_worker.handlers import function

            return function.load(target)
        case CommandHandler(argv):
            from workqueue_worker.handlers import command

            return command.load(argv, limit_seconds=limit, soft_limit_seconds=soft)
        case HttpHandler(port, path):
            from workqueue_worker.handlers import http

            return http.ServerHandler(port, path, queue=settings.queue, limit_seconds=limit)
