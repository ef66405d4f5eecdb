"""The table of dead letters, and what is said beside it."""

import json
from datetime import timedelta

import pytest

from unit.dlq.letters import NOW, failed, letter
from workqueue_operator.cli.dlq.outcome import Outcome
from workqueue_operator.cli.dlq.record import as_json
from workqueue_operator.cli.dlq.rows import age, row, size, table
from workqueue_operator.cli.dlq.showing import as_text

STORY = failed(
    timedelta(hours=3),
    {"x-workqueue-attempts": 5, "x-workqueue-error": "ValueError: no\n\x1b[2J", "tenant": "acme"},
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (2e5, "2d")],
)
def test_an_age_has_the_largest_unit_of_which_there_are_two(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 * 1024**3, "3.0 GiB")]
)
def test_a_size_is_for_people(count: int, shown: str) -> None:
    assert size(count) == shown


def test_a_table_has_heads_and_a_dash_where_nobody_says() -> None:
    heads, first, second = table([row(STORY, now=NOW), row(letter(), now=NOW)]).splitlines()
    assert heads.split() == ["ID", "AGE", "REASON", "ATTEMPTS", "SIZE", "ERROR", "BODY"]
    assert first.split()[:5] == ["id-1", "3h", "MaxAttempts", "5", "6"]
    assert r"ValueError: no\n\x1b[2J" in first
    assert second.split() == ["id-1", "-", "-", "-", "6", "B", "-", "a", "task"]
    assert table([]) == ""


def test_one_letter_is_shown_with_all_that_is_known() -> None:
    shown = as_text(STORY, now=NOW)
    assert "failed:    2026-05-01T09:00:00+00:00 (3h ago)" in shown
    assert "  tenant: acme\n" in shown
    assert "  message_id: id-1\n" in shown
    assert "\x1b" not in shown
    assert shown.endswith("\n\na task\n")


def test_a_record_keeps_what_json_has_no_word_for() -> None:
    told = json.loads(
        as_json(letter(b"\xff\0", headers={"at": NOW, "raw": b"\xff", "deep": {"list": [1.5]}}))
    )
    assert told["body_base64"] == "/wA="
    assert told["headers"] == {
        "at": "2026-05-01T12:00:00+00:00",
        "raw": {"base64": "/w=="},
        "deep": {"list": ["1.5"]},
    }
    assert told["properties"] == {"message_id": "id-1"}
    assert told["failed_at"] is None


def test_a_record_is_one_line_of_ascii() -> None:
    assert as_json(letter("ü\n\u202e".encode(), type="\x1b[1m\u202e")).isascii()
    assert "\n" not in as_json(STORY)


def test_an_outcome_says_what_was_not_done() -> None:
    whole = Outcome(verb="replayed", queue="mail.dead", to="mail", done=1200, stay=3)
    assert whole.as_text() == "1,200 replayed to 'mail'; 3 others stay in 'mail.dead'\n"
    assert whole.exit_code == 0
    part = Outcome(verb="purged", queue="mail.dead", unseen=7, troubles=["interrupted"])
    assert part.as_text().splitlines()[1:] == [
        "7 more were there at the start and have not been looked at",
        "interrupted",
    ]
    assert part.exit_code == 1
    assert json.loads(part.as_json())["unseen"] == 7
