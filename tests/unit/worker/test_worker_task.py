"""What a handler sees of a task."""

from __future__ import annotations

import threading
import time

import pytest

from workqueue_worker import DeadLetter, Retry, Task
from workqueue_worker.tutorial import work


def test_a_body_that_is_json_is_read() -> None:
    assert Task(id="1", body=b'{"size": 3}').json() == {"size": 3}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"{oops", "not JSON", id="a body that is no JSON"),
        pytest.param(b"\xff", "not UTF-8", id="a body that is no text"),
    ],
)
def test_a_body_that_no_attempt_will_mend_is_given_up(body: bytes, says: str) -> None:
    with pytest.raises(DeadLetter, match=says):
        Task(id="1", body=body).json()


def test_given_three_dots_then_the_tutorial_takes_three_seconds() -> None:
    started = time.monotonic()
    work(Task(id="1", body=b"Hi..."))
    assert 3.0 <= time.monotonic() - started < 10


def test_given_a_long_task_when_its_channel_is_lost_then_the_tutorial_stops_early() -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Retry):
        work(Task(id="1", body=b"." * 60, stop=stop))
    assert time.monotonic() - started < 20


def test_a_task_shows_no_event_in_its_text() -> None:
    assert "Event" not in repr(Task(id="1", body=b"x"))
