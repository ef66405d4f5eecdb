"""One line per event, with its task, and never a secret."""

from __future__ import annotations

import json
import logging
import sys

from workqueue_worker.logs import JsonFormatter, current_task, fields, hide, never_log


def line(
    message: str, *args: object, exc_info: bool = False, **values: object
) -> dict[str, object]:
    record = logging.LogRecord(
        "w", logging.INFO, "f", 1, message, args, sys.exc_info() if exc_info else None
    )
    record.__dict__.update(fields(**values))
    text = JsonFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_line_has_what_was_given() -> None:
    found = line("took %d", 3, seconds=0.5, queue="q")
    assert found["message"] == "took 3"
    assert (found["level"], found["seconds"], found["queue"]) == ("info", 0.5, "q")
    assert str(found["time"]).endswith("+00:00")


def test_given_a_task_at_work_then_a_handlers_own_line_carries_its_id() -> None:
    token = current_task.set("task-1")
    try:
        assert line("hello")["task"] == "task-1"
    finally:
        current_task.reset(token)
    assert "task" not in line("hello")


def test_given_a_secret_then_no_part_of_a_line_shows_it() -> None:
    never_log("hunter2-é")
    try:
        raise ValueError("amqp://u:hunter2-é@h")
    except ValueError:
        found = line("at hunter2-é %s", "hunter2-é", exc_info=True, url=["hunter2-é"])
    assert "hunter2" not in json.dumps(found, ensure_ascii=False)
    assert "ValueError" in str(found["traceback"])


def test_a_secret_too_short_to_hide_leaves_lines_readable() -> None:
    never_log("a")
    assert hide("a banana") == "a banana"
