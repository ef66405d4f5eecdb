"""What a server's answer says of its task, and the request that it gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_worker import Task, outcome
from workqueue_worker.handlers.cloudevents import encoded, request_headers
from workqueue_worker.handlers.verdict import judge, retry_after_seconds

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
NO_REDIRECTS = "; redirects are not followed: name the right path"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(200, outcome.Ok(), id="200: done"),
        pytest.param(202, outcome.Ok(), id="202: done"),
        pytest.param(204, outcome.Ok(), id="204: done"),
        pytest.param(301, outcome.Retry("301 R: why" + NO_REDIRECTS), id="a redirect"),
        pytest.param(400, outcome.Dead("400 R: why"), id="400: no attempt will mend it"),
        pytest.param(422, outcome.Dead("422 R: why"), id="422: no attempt will mend it"),
        pytest.param(404, outcome.Retry("404 R: why", after_seconds=9), id="404: not yet"),
        pytest.param(408, outcome.Retry("408 R: why", after_seconds=9), id="408: again"),
        pytest.param(409, outcome.Retry("409 R: why", after_seconds=9), id="409: again"),
        pytest.param(429, outcome.Retry("429 R: why", after_seconds=9), id="429: later"),
        pytest.param(500, outcome.Retry("500 R: why", after_seconds=9), id="500: again"),
        pytest.param(503, outcome.Retry("503 R: why", after_seconds=9), id="503: later"),
        pytest.param(999, outcome.Retry("999 R: why", after_seconds=9), id="unknown: again"),
    ],
)
def test_what_a_status_says(status: int, expected: outcome.Outcome) -> None:
    assert judge(status, "R", b" why\n", retry_after="9") == expected


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param("Tue, 24 Nov 2026 12:00:30 GMT", 30, id="a date"),
        pytest.param("Tue, 24 Nov 2026 11:00:00 GMT", 0, id="a date that is over: at once"),
        pytest.param("Tue, 24 Nov 2026 12:00:30 -0000", 30, id="a date of no zone is UTC"),
        pytest.param("soon", None, id="words say nothing"),
        pytest.param("-5", None, id="nor does less than nothing"),
        pytest.param("9" * 400, None, id="nor what is beyond all numbers"),
        pytest.param(None, None, id="nor silence"),
    ],
)
def test_when_a_server_wants_its_task_again(said: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(said, now=NOW) == seconds


def test_a_task_is_a_cloudevent() -> None:
    task = Task(
        id='a "b" 50%',
        body=b"x",
        attempt=2,
        deadline=NOW,
        content_type="application/json",
        type="thumbnail.wanted",
        published=NOW,
        headers={"traceparent": "00-ab-cd-01", "ce-subject": "Zoë", "ce-id": "other", "n": 7},
    )
    assert request_headers(task, queue="my queue/1") == {
        "ce-id": "a%20%22b%22%2050%25",
        "ce-specversion": "1.0",
        "ce-source": "/queues/my%20queue%2F1",
        "ce-type": "thumbnail.wanted",
        "ce-time": "2026-11-24T12:00:00+00:00",
        "ce-subject": "Zo%C3%AB",
        "Content-Type": "application/json",
        "Workqueue-Attempt": "2",
        "Workqueue-Deadline": "2026-11-24T12:00:00.000+00:00",
        "traceparent": "00-ab-cd-01",
    }


def test_what_the_producer_left_out_has_names_too() -> None:
    headers = request_headers(Task(id="1", body=b""), queue="q")
    assert headers["ce-type"] == "dev.workqueue.task"
    assert headers["Content-Type"] == "application/octet-stream"
    assert not {"ce-time", "traceparent"} & headers.keys()


@given(text=st.text())
def test_whatever_a_producer_sends_is_a_header_that_http_can_carry(text: str) -> None:
    assert all("!" <= character <= "~" for character in encoded(text))
    task = Task(id=text, body=b"", content_type=text, type=text, headers={"traceparent": text})
    for value in request_headers(task, queue=text).values():
        assert value.isascii()
        assert value.isprintable()
