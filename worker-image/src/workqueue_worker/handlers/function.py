"""`python: package.module:function`, plain or async, called with the Task."""

from __future__ import annotations

import contextvars
import importlib
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from workqueue_worker import outcome
from workqueue_worker.handlers import Handler
from workqueue_worker.logs import fields
from workqueue_worker.settings import SettingsError
from workqueue_worker.task import DeadLetter, Release, Retry, Task

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)


class FunctionHandler(Handler):
    """A thread cannot be ended from outside, so the worker itself watches the hard limit."""

    kind: ClassVar[str] = "python"
    ends_itself: ClassVar[bool] = False

    def __init__(self, function: Callable[[Task], object]) -> None:
        self._function = function
        self._loop: asyncio.Runner | None = None

    def run(self, task: Task) -> outcome.Outcome:
        try:
            result = self._function(task)
            if inspect.iscoroutine(result):
                self._finish(result)
        except DeadLetter as error:
            return outcome.Dead(str(error) or "DeadLetter")
        except Release as error:
            return outcome.Release(str(error) or "Release")
        except Retry as error:
            return outcome.Retry(str(error) or "Retry", after_seconds=error.after)
        except BaseException as error:
            # All of them: a task that calls sys.exit() or is cancelled must not end the worker.
            log.warning("the handler raised", exc_info=True, extra=fields(task=task.id))
            return outcome.Retry(f"{type(error).__name__}: {_words(error)}")
        return outcome.Ok()

    def _finish(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run it in one loop for all tasks: what the function keeps open stays usable."""
        import asyncio  # noqa: PLC0415 - it takes longer to load than all of ours

        if self._loop is None:
            self._loop = asyncio.Runner()
        self._loop.run(coroutine, context=contextvars.copy_context())


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as another:  # noqa: BLE001 - the text of an error is the handler's code, too
        return f"its text cannot be had: {type(another).__name__}"


def load(target: str) -> FunctionHandler:
    """Import the function that `target` (`package.module:function`) names.

    Raises:
        SettingsError: it cannot be imported, or is nothing that a worker can call.
    """
    module_name, colon, path = target.partition(":")
    if not (module_name and colon and path):
        raise SettingsError(
            f"handler python: {target!r} is not of the form package.module:function"
        )
    found: Any = _import(target, module_name)
    for name in path.split("."):
        found = _attribute(target, found, name)
    _check_callable(target, found)
    return FunctionHandler(found)


def _import(target: str, module_name: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        its_own = module_name == error.name or module_name.startswith(f"{error.name}.")
        raise SettingsError(
            f"handler python: {target!r}: no module {error.name!r} in this image. COPY your own "
            "into /app, and install others with `RUN pip install` in the image"
        ) from (None if its_own else error)
    except Exception as error:
        raise SettingsError(
            f"handler python: {target!r}: importing {module_name!r} failed: "
            f"{type(error).__name__}: {error}. Mend it and build the image again"
        ) from error


def _attribute(target: str, owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        raise SettingsError(
            f"handler python: {target!r}: no {name!r} there. Name a function that takes a Task"
        ) from None


def _check_callable(target: str, found: Any) -> None:
    if not callable(found):
        raise SettingsError(
            f"handler python: {target!r} is a {type(found).__name__}. Name a function that "
            "takes a Task"
        )
    # Calling one of these runs none of its body, and every task would count as done.
    if inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        raise SettingsError(
            f"handler python: {target!r} is a generator, and calling it does no work. Name a "
            "function, plain or async"
        )
