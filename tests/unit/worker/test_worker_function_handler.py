"""`python: module:function`: what a function may do, and what is refused before any task."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workqueue_worker import DeadLetter, Release, Retry, Task, outcome
from workqueue_worker.handlers.function import FunctionHandler, load
from workqueue_worker.settings import SettingsError

MODULE = """
import sys
class Group:
    @staticmethod
    def inner(task): pass
async def later(task): pass
def one_by_one(task): yield
number = 3
"""


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the image that Python looks into."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "resize_for_test.py").write_text(MODULE)
    monkeypatch.delitem(sys.modules, "resize_for_test", raising=False)
    return tmp_path


def raising(error: BaseException) -> Callable[[Task], None]:
    def function(task: Task) -> None:
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param(lambda _: None, outcome.Ok(), id="it returns: done"),
        pytest.param(lambda _: False, outcome.Ok(), id="what it returns does not matter"),
        pytest.param(raising(Retry("busy")), outcome.Retry("busy"), id="Retry: a failure"),
        pytest.param(
            raising(Retry("busy", after=3)), outcome.Retry("busy", after_seconds=3), id="and when"
        ),
        pytest.param(
            raising(Release("no GPU")), outcome.Release("no GPU"), id="Release: handed back"
        ),
        pytest.param(raising(DeadLetter("bad")), outcome.Dead("bad"), id="DeadLetter: given up"),
        pytest.param(raising(DeadLetter()), outcome.Dead("DeadLetter"), id="without a word"),
        pytest.param(
            raising(ValueError("no")), outcome.Retry("ValueError: no"), id="an error: a failure"
        ),
        pytest.param(
            raising(SystemExit(3)), outcome.Retry("SystemExit: 3"), id="exit ends no worker"
        ),
    ],
)
def test_how_a_function_ends(function: Callable[[Task], object], expected: outcome.Outcome) -> None:
    assert FunctionHandler(function).run(Task(id="1", body=b"")) == expected


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise KeyError("no such field")


def test_an_error_without_words_is_a_failure_like_others() -> None:
    handler = FunctionHandler(raising(UnspeakableError()))
    expected = outcome.Retry("UnspeakableError: its text cannot be had: KeyError")
    assert handler.run(Task(id="1", body=b"")) == expected


def test_given_an_async_function_then_its_work_is_done_in_one_loop_for_all_tasks() -> None:
    loops = []

    async def later(task: Task) -> None:
        await asyncio.sleep(0.001)
        loops.append(asyncio.get_running_loop())
        if task.id == "2":
            raise Retry("busy", after=7)

    handler = FunctionHandler(later)
    assert handler.run(Task(id="1", body=b"")) == outcome.Ok()
    assert handler.run(Task(id="2", body=b"")) == outcome.Retry("busy", after_seconds=7)
    assert loops[0] is loops[1], "a client that it keeps open is bound to its loop"


def test_a_function_of_a_class_is_found(image: Path) -> None:
    assert load("resize_for_test:Group.inner").run(Task(id="1", body=b"")) == outcome.Ok()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        pytest.param("resize_for_test", "not of the form", id="no function named"),
        pytest.param("resize_for_test:", "not of the form", id="an empty name"),
        pytest.param("nowhere_at_all:work", "no module 'nowhere_at_all'", id="no module"),
        pytest.param("resize_for_test:gone", "no 'gone' there", id="no such function"),
        pytest.param("resize_for_test:number", "is a int", id="no function at all"),
        pytest.param("resize_for_test:one_by_one", "is a generator", id="a generator does no work"),
    ],
)
def test_what_no_task_could_run_is_refused(image: Path, target: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(target)


def test_a_module_that_needs_another_names_the_other(image: Path) -> None:
    (image / "needs_for_test.py").write_text("import pillow_for_test")
    with pytest.raises(SettingsError, match=r"no module 'pillow_for_test'.*pip install") as caught:
        load("needs_for_test:work")
    assert caught.value.__cause__ is not None, "the log shows which line of theirs needs it"


def test_a_module_that_fails_says_how(image: Path) -> None:
    (image / "fails_for_test.py").write_text("open('/no/such/file')")
    with pytest.raises(SettingsError, match="FileNotFoundError") as caught:
        load("fails_for_test:work")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
