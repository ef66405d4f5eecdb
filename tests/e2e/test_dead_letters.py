"""A task that nobody can do ends in the dead letters with its story, and holds up no other."""

import json
from collections.abc import Callable
from typing import Any

from kit.kube import Json, condition, wait_for
from kit.publishing import tasks
from kit.story import Story

MAX_ATTEMPTS = 3
OTHERS = 10
FAILS, GIVES_UP = 0, 1
"""The first task of each queue always fails, the second one gives up at once."""


PROGRAM = {"command": ["python", "/ledger/ledger_handler.py"]}


def test_a_task_that_nobody_can_do_ends_in_the_dead_letters_and_holds_up_no_other(
    story: Story,
) -> None:
    # Given a function on a quorum queue, a program on a classic one, and one without dead letters
    queues = {"function": 100, "program": 200, "stubborn": 300}
    story.apply("function", one_worker(queue={"type": "Quorum"}))
    story.apply("program", one_worker(queue={"type": "Classic"}, handler=PROGRAM))
    story.apply("stubborn", one_worker(queue={"deadLetters": "None"}))
    for name in queues:
        story.wait_ready(name)
    # When each gets a task that fails, one that gives up, and behind them some that do neither
    for name, first in queues.items():
        story.broker.put(name, *lines(first))
    # Then the others are done, each once
    story.wait_completed(len(queues) * OTHERS, seconds=60)
    others = {first + 2 + i for first in queues.values() for i in range(OTHERS)}
    assert story.ledger.count("completed").keys() == others
    assert story.ledger.repeated() == []
    # And the two are in the dead letters, with their story
    assert_given_up(story, "function", 100, gave_up="told to die")
    assert_given_up(story, "program", 200, gave_up="exit 65")
    # And they are counted: in status, by a condition, and by an event for the first one
    for name in ("function", "program"):
        wait_for(f"the dead letters of {name} to be counted", counted(story, name), seconds=90)
        assert len(story.kube.events(name, "TasksGivenUp")) == 1
    # And without dead letters they are tried on and on, and stay
    assert_never_given_up(story, "stubborn", 300)


def assert_given_up(story: Story, name: str, first: int, *, gave_up: str) -> None:
    """The one after maxAttempts, the other at once; and nothing is left in the queue itself."""
    dead = wait_for("two dead letters", lambda: two(story.broker.peek(f"{name}.dead")), seconds=30)
    by_task = {json.loads(letter["payload"])["n"]: letter for letter in dead}
    tried = {FAILS: ("MaxAttempts", MAX_ATTEMPTS), GIVES_UP: ("DeadLetter", 1)}
    for offset, (reason, attempts) in tried.items():
        headers = by_task[first + offset]["properties"]["headers"]
        assert headers["x-workqueue-reason"] == reason
        assert headers["x-workqueue-queue"] == name
        assert headers["x-workqueue-attempts"] == attempts
        assert headers["x-workqueue-worker"].startswith(f"{name}-")
        assert headers["x-workqueue-first-failure"].startswith("20")
        assert story.ledger.read().count("started")[first + offset] == attempts
    assert gave_up in by_task[first + GIVES_UP]["properties"]["headers"]["x-workqueue-error"]
    assert story.broker.waiting(name) == 0


def counted(story: Story, name: str) -> Callable[[], bool]:
    """Whether both are in its status."""

    def look() -> bool:
        found = condition(story.kube.get("WorkQueue", name), "DeadLetters")
        total = story.status(name).get("deadLetters", {}).get("total")
        return found.get("status") == "True" and total == 2

    return look


def two(letters: list[Json]) -> list[Json] | None:
    """These, once there are two."""
    return letters if len(letters) == 2 else None


def assert_never_given_up(story: Story, name: str, first: int) -> None:
    """Both are tried more often than anything that is given up, and are there in the end."""

    def tried() -> bool:
        started = story.ledger.read().count("started")
        return min(started[first + FAILS], started[first + GIVES_UP]) > MAX_ATTEMPTS

    wait_for("both to be tried again and again", tried, seconds=60)
    story.set(name, {"scaling": {"mode": "Hold"}})
    story.wait_ready(name, "Held")
    story.scale(name, 0)
    wait_for("the worker to be gone", lambda: not story.pods(name), seconds=60)
    assert story.broker.waiting(name) == 2
    assert story.broker.queue(f"{name}.dead") is None


def one_worker(*, queue: Json, handler: Json | None = None) -> dict[str, Any]:
    """A spec with one worker from the start."""
    worker: Json = {"maxAttempts": MAX_ATTEMPTS}
    if handler is not None:
        worker["handler"] = handler
    return {"queue": queue, "worker": worker, "scaling": {"minWorkers": 1, "maxWorkers": 1}}


def lines(first: int) -> list[str]:
    """Tasks from this number on, the two that will not succeed before all others."""
    bad = [*tasks(1, seconds=0, first=first + FAILS, then="fail")]
    bad += tasks(1, seconds=0, first=first + GIVES_UP, then="dead")
    return [json.dumps(task) for task in (*bad, *tasks(OTHERS, seconds=0.1, first=first + 2))]
