"""What people and programs read at the end, and the exit code that scripts act upon."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import workqueue_producer
from workqueue_producer.progress import Bar, Lines, Snapshot, progress_for
from workqueue_producer.summary import Summary
from workqueue_producer.tasks import NotConfirmed, Outcome


def a_summary(
    confirmed: int = 0,
    *,
    returned: int = 0,
    nacked: int = 0,
    unknown: int = 0,
    resent: int = 0,
    seconds: float = 2.0,
    unsent_from: int | None = None,
    broker_failed: bool = False,
    errors: list[str] | None = None,
) -> Summary:
    counts = {
        Outcome.CONFIRMED: confirmed,
        Outcome.RETURNED: returned,
        Outcome.NACKED: nacked,
        Outcome.UNKNOWN: unknown,
    }
    failed = [o for o, n in counts.items() if o is not Outcome.CONFIRMED for _ in range(n)]
    return Summary(
        queue="tasks",
        unit="line",
        published=sum(counts.values()),
        counts=counts,
        resent=resent,
        seconds=seconds,
        unsent_from=unsent_from,
        not_confirmed=[NotConfirmed(f"id-{n}", n, o) for n, o in enumerate(failed, start=1)],
        errors=errors or [],
        broker_failed=broker_failed,
    )


@pytest.mark.parametrize(
    ("summary", "code"),
    [
        pytest.param(a_summary(5), 0, id="all confirmed"),
        pytest.param(a_summary(0), 0, id="an empty input leaves nothing undone"),
        pytest.param(a_summary(4, returned=1), 1, id="one returned"),
        pytest.param(a_summary(4, nacked=1), 1, id="one refused"),
        pytest.param(a_summary(4, unknown=1, broker_failed=True), 1, id="one unknown"),
        pytest.param(a_summary(4, unsent_from=5), 1, id="stopped in the middle"),
        pytest.param(
            a_summary(4, unsent_from=5, broker_failed=True), 1, id="lost: again would double four"
        ),
        pytest.param(
            a_summary(0, unsent_from=1, broker_failed=True), 3, id="never there: again is safe"
        ),
        pytest.param(a_summary(0, unsent_from=1), 1, id="stopped before the first"),
    ],
)
def test_the_exit_code_tells_whether_the_same_command_may_run_again(
    summary: Summary, code: int
) -> None:
    assert summary.exit_code == code


def test_json_is_one_line_with_every_count() -> None:
    text = a_summary(6, returned=1, unknown=1, resent=2, unsent_from=9, errors=["gone"]).as_json()
    assert "\n" not in text
    assert json.loads(text) == {
        "queue": "tasks",
        "published": 8,
        "confirmed": 6,
        "returned": 1,
        "nacked": 0,
        "unknown": 1,
        "resent": 2,
        "seconds": 2.0,
        "rate_per_second": 3.0,
        "unsent_from": 9,
        "not_confirmed": [
            {"id": "id-1", "line": 1, "outcome": "returned"},
            {"id": "id-2", "line": 2, "outcome": "unknown"},
        ],
        "errors": ["gone"],
    }


def test_given_nothing_was_sent_then_the_rate_is_unknown_and_not_zero() -> None:
    summary = a_summary(0, seconds=0, unsent_from=1, broker_failed=True)
    assert json.loads(summary.as_json())["rate_per_second"] is None
    assert summary.as_text() == "0 tasks published to tasks, 0 confirmed"


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        pytest.param(
            a_summary(5000),
            "5,000 tasks published to tasks, 5,000 confirmed in 2.0 s (2,500/s)",
            id="all is well",
        ),
        pytest.param(
            a_summary(3, nacked=1, resent=2),
            "4 tasks published to tasks, 3 confirmed, 1 nacked, "
            "2 sent again (may be there twice) in 2.0 s (2/s)",
            id="not all is well",
        ),
    ],
)
def test_people_get_one_line(summary: Summary, text: str) -> None:
    assert summary.as_text() == text


def test_complaints_name_the_first_tasks_count_the_rest_and_say_where_to_go_on() -> None:
    lines = a_summary(1, nacked=12, unsent_from=14, errors=["the queue is full"]).complaints()
    assert lines[0] == "error: the queue is full"
    assert lines[1] == "nacked: line 1, message id id-1"
    assert lines[-2:] == [
        "... and 2 more that are not confirmed (--output json names them)",
        "not sent: everything from line 14 on",
    ]
    assert len(lines) == 1 + 10 + 2


def test_given_all_is_confirmed_then_nobody_complains() -> None:
    assert a_summary(5).complaints() == []


def a_snapshot(*, now: float, size: int | None = 100) -> Snapshot:
    return Snapshot(queue="tasks", sent=1200, confirmed=1000, bytes_taken=40, size=size, now=now)


@pytest.mark.parametrize(
    ("size", "line"),
    [
        pytest.param(
            100,
            "1,000 of 1,200 sent tasks are confirmed (40% of the input)",
            id="a file has an end",
        ),
        pytest.param(None, "1,000 of 1,200 sent tasks are confirmed", id="a pipe's end is unknown"),
    ],
)
def test_a_log_gets_a_line_every_ten_seconds(size: int | None, line: str) -> None:
    out = io.StringIO()
    progress = progress_for(out, typing=False)
    assert isinstance(progress, Lines)
    for tenth in range(250):
        progress.show(a_snapshot(now=tenth / 10, size=size))
    assert out.getvalue().splitlines() == [f"workqueue-producer: {line}"] * 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_remarks_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    progress = progress_for(out, typing=False)
    assert isinstance(progress, Bar)
    progress.show(a_snapshot(now=2))
    progress.say("the broker [restarts]")
    progress.show(a_snapshot(now=4))
    progress.close()
    shown = out.getvalue()
    assert "workqueue-producer: the broker [restarts]" in shown
    assert "tasks to tasks" in shown
    assert "1,000 confirmed 250/s" in shown
    assert "\x1b[3" not in shown, "NO_COLOR asks for no colours"


def test_a_terminal_on_which_tasks_are_typed_gets_no_bar() -> None:
    assert isinstance(progress_for(Terminal(), typing=True), Lines)


def test_rich_is_not_loaded_for_a_log() -> None:
    script = "import sys, workqueue_producer.cli; print('rich' in sys.modules)"
    sources = str(Path(workqueue_producer.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": sources},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert ran.stdout == "False\n"
